import HTTPTypes
import Hummingbird

extension Response {
    /// An answer with a JSON body. `headers` may name another content type.
    static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/json" }
        // Every number that this service makes is finite, so encoding cannot fail.
        let text = (try? value.encoded()) ?? "{}"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text + "\n")))
    }
}
