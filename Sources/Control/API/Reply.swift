import Digests
import HTTPTypes
import Hummingbird
import NIOCore

/// What an operation answers.
struct Reply: Sendable {
    var status: Int
    /// Empty for no content.
    var text: String
    var mediaType = "application/json"
    var etag: String?
    var location: String?

    static let nothing = Reply(status: 204, text: "")

    /// 200 with a record. `tagged` is what its `ETag` is made of, where it has one.
    static func record(_ json: JSON, tagged: JSON? = nil) -> Reply {
        Reply(status: 200, text: json.encoded + "\n", etag: tagged.map(EntityTag.of))
    }

    /// 201 with a record and where it is.
    static func created(_ json: JSON, at location: String, tagged: JSON? = nil) -> Reply {
        Reply(status: 201, text: json.encoded + "\n", etag: tagged.map(EntityTag.of), location: location)
    }

    /// 200 with another kind of text.
    static func text(_ text: String, type: String) -> Reply { Reply(status: 200, text: text, mediaType: type) }

    var response: Response {
        var fields = HTTPFields()
        fields[.cacheControl] = "no-store"
        if let etag { fields[.eTag] = etag }
        if let location { fields[.location] = location }
        guard self.status != 204 else { return Response(status: .noContent, headers: fields) }
        fields[.contentType] = self.mediaType
        return Response(
            status: .init(code: self.status), headers: fields,
            body: ResponseBody(byteBuffer: ByteBuffer(string: self.text)))
    }
}

/// Strong entity tags (RFC 9110 §8.8.3) of records.
enum EntityTag {
    static func of(_ record: JSON) -> String { "\"\(SHA256Digest(of: record.encoded).hexText.prefix(20))\"" }
}
