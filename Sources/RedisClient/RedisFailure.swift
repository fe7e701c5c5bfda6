/// Why a command has no ordinary reply.
public enum RedisFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// No connection is ready; the link is trying to make one. The command was not sent.
    case notConnected
    /// A bound of the configuration is reached (commands pending, or bytes waiting). The command was not sent.
    case queueFull
    /// The encoder wrote nothing: a mistake of the caller. Nothing was sent.
    case nothingEncoded
    /// No reply in time. The command may have been executed, or may still be.
    case deadlineExceeded
    /// The connection ended before the reply. The command may have been executed.
    case connectionLost
    /// The peer sent what is not RESP2, or a reply beyond `replyBytesMax`. The command may have been executed.
    case protocolError
    /// Redis answered with an error. Unless the command was a script that had already written, it had no effect.
    indirect case serverError(RedisServerError)

    public var description: String {
        switch self {
        case .notConnected: "Redis is not connected"
        case .queueFull: "the queue of commands to Redis is full"
        case .nothingEncoded: "the encoder of the command wrote no bytes"
        case .deadlineExceeded: "Redis did not reply within the deadline"
        case .connectionLost: "the connection to Redis was lost before the reply"
        case .protocolError: "Redis sent a reply that is not valid RESP2, or is too long"
        case .serverError(let error): "Redis replied with an error: \(error)"
        }
    }
}
