/// What a response says about its connection.
public enum ConnectionOutcome: Sendable, Hashable {
    /// The client may send another request.
    case keepAlive
    /// The connection closes after this response.
    case close
}

extension HeadWriter {
    /// Appends `HTTP/1.1 status phrase CRLF`; an unregistered status gets an empty phrase.
    public mutating func writeStatusLine(_ status: Int) {
        let line = StatusText.line(status)
        if line.utf8CodeUnitCount > 0 {
            self.write(line)
        } else {
            self.write("HTTP/1.1 ")
            self.write(decimal: status)
            self.write(" \r\n")
        }
    }

    /// Appends the status line of `head`, with the upstream's own phrase where the status is not a registered one.
    public mutating func writeStatusLine(_ head: borrowing ResponseHead, of bytes: Span<UInt8>) {
        let line = StatusText.line(head.status)
        if line.utf8CodeUnitCount > 0 {
            self.write(line)
        } else {
            self.write("HTTP/1.1 ")
            self.write(decimal: head.status)
            self.write(" ")
            self.write(head.reason, of: bytes)
            self.writeLineEnd()
        }
    }

    /// Ends a response head: says how the body is framed and what becomes of the connection, then the empty line.
    /// - Parameters:
    ///   - status: the status of the status line. 1xx and 204 never state a length.
    ///   - framing: how the upstream framed the body, or how the gateway would like to.
    ///   - declaredLength: the length of the content that is not sent, for a response to HEAD and a 304.
    ///   - connection: whether the client may go on using the connection.
    ///   - clientMinorVersion: `0` for an HTTP/1.0 client, which knows no chunks and must be told that a connection
    ///     persists.
    /// - Returns: the framing announced, which `writeBody` must be given; `untilClose` means: close after the body.
    @discardableResult
    public mutating func endResponseHead(
        _ status: Int, framing: BodyFraming, declaredLength: Int? = nil, connection: ConnectionOutcome,
        clientMinorVersion: UInt8
    ) -> BodyFraming {
        let announced = status < 200 || status == 204 ? .none : framing.forPeer(minorVersion: clientMinorVersion)
        switch announced {
        case .none:
            if status >= 200, status != 204, let declaredLength {
                self.writeField("Content-Length", decimal: declaredLength)
            }
        case .length(let count): self.writeField("Content-Length", decimal: count)
        case .chunked: self.write("Transfer-Encoding: chunked\r\n")
        case .untilClose: break
        }
        if status >= 200 {
            if connection == .close || announced == .untilClose {
                self.write("Connection: close\r\n")
            } else if clientMinorVersion == 0 {
                self.write("Connection: keep-alive\r\n")
            }
        }
        self.writeLineEnd()
        return announced
    }

    /// Ends the head of a 101 that agrees to the protocol which the upstream chose.
    public mutating func endUpgradeResponseHead(protocol range: ByteRange, of bytes: Span<UInt8>) {
        self.writeField("Connection", "Upgrade")
        self.writeField("Upgrade", range, of: bytes)
        self.writeLineEnd()
    }
}
