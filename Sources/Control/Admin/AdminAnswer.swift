import HTTPTypes
import Hummingbird
import NIOCore

/// The few kinds of answer that the admin listener gives.
enum AdminAnswer {
    static func text(_ body: String, type: String, status: Int = 200) -> Response {
        var fields = HTTPFields()
        fields[.contentType] = type
        fields[.cacheControl] = "no-store"
        return Response(
            status: .init(code: status), headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }

    static func json(_ body: String, status: Int = 200) -> Response {
        Self.text(body, type: "application/json", status: status)
    }

    /// Pages say nothing secret and change only with the program.
    static func page(_ html: String) -> Response {
        var response = Self.text(html, type: "text/html; charset=utf-8")
        response.headers[.cacheControl] = "max-age=300"
        return response
    }
}
