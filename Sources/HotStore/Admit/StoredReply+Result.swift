public import Domain
import NIOCore

extension StoredReply {
    /// A result that another store gave back.
    public init(_ result: StoredResult) {
        switch result {
        case .response(let status, let headers, let body):
            self.init(
                kind: .response, status: status, second: ByteBuffer(bytes: headers), third: ByteBuffer(bytes: body))
        case .unreplayable(let status, let length, let sha256):
            self.init(
                kind: .unreplayable, status: status, second: ByteBuffer(string: String(length)),
                third: ByteBuffer(bytes: sha256))
        case .failure(let status, let slug):
            self.init(kind: .failure, status: status, second: ByteBuffer(string: slug), third: ByteBuffer())
        }
    }
}
