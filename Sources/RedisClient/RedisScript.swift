public import NIOCore

/// A Lua script and the name Redis knows it by.
public struct RedisScript: Sendable, Hashable {
    /// For people: logs and errors.
    public let name: String
    public let source: String
    /// SHA-1 of the source in lower-case hexadecimal: what `EVALSHA` takes and `SCRIPT LOAD` returns.
    public let sha1: String

    public init(name: String, source: String) {
        self.name = name
        self.source = source
        self.sha1 = SHA1.hexDigest(Array(source.utf8))
    }

    public static func == (left: RedisScript, right: RedisScript) -> Bool { left.sha1 == right.sha1 }

    public func hash(into hasher: inout Hasher) { hasher.combine(self.sha1) }

    /// Appends the start of a call, `EVALSHA sha1 keyCount`; exactly `keyCount` keys and then `argumentCount` arguments
    /// must follow. The bytes depend on nothing else, so a hot caller encodes them once and copies them.
    public func beginCall(keyCount: Int, argumentCount: Int, into output: inout ByteBuffer) {
        RESPWriter.beginCommand(argumentCount: 3 + keyCount + argumentCount, into: &output)
        RESPWriter.append("EVALSHA", into: &output)
        RESPWriter.append(self.sha1, into: &output)
        RESPWriter.append(integer: Int64(keyCount), into: &output)
    }
}

/// What one call of a script is given.
public struct RedisScriptCall: Sendable {
    public var keys: [RedisArgument]
    public var arguments: [RedisArgument]

    public init(keys: [RedisArgument], arguments: [RedisArgument]) {
        self.keys = keys
        self.arguments = arguments
    }
}
