import Control

/// One request to the admin API.
struct AdminRequest {
    /// How an answer is read.
    enum Answer {
        /// One record, or nothing.
        case record
        /// A page of records under `data`; further pages are asked for until there are as many as wanted.
        case list(wanted: Int)
        /// Text to be passed on.
        case text
    }

    var method: String
    /// `{org}` and `{user}` stand for `org` and `user`.
    var path: String
    /// An org's id or slug.
    var org: String?
    /// A user's id or address.
    var user: String?
    /// Those with a value are sent.
    var query: [(name: String, value: String?)] = []
    /// A JSON object without the members that are null.
    var body: JSON?
    var answer = Answer.record

    static func get(_ path: String, org: String? = nil, user: String? = nil) -> AdminRequest {
        AdminRequest(method: "GET", path: path, org: org, user: user)
    }

    static func list(
        _ path: String, org: String? = nil, _ page: PageOptions, _ query: [(name: String, value: String?)] = []
    ) -> AdminRequest {
        AdminRequest(method: "GET", path: path, org: org, query: query, answer: .list(wanted: page.limit))
    }

    static func post(
        _ path: String, org: String? = nil, user: String? = nil, _ body: [(String, JSON)]? = nil
    ) -> AdminRequest {
        AdminRequest(method: "POST", path: path, org: org, user: user, body: body.map(Self.object))
    }

    static func put(_ path: String, org: String? = nil, user: String? = nil, _ body: [(String, JSON)]) -> AdminRequest {
        AdminRequest(method: "PUT", path: path, org: org, user: user, body: Self.object(body))
    }

    static func patch(
        _ path: String, org: String? = nil, user: String? = nil, _ body: [(String, JSON)]
    ) -> AdminRequest {
        AdminRequest(method: "PATCH", path: path, org: org, user: user, body: Self.object(body))
    }

    static func delete(_ path: String, org: String? = nil, user: String? = nil) -> AdminRequest {
        AdminRequest(method: "DELETE", path: path, org: org, user: user)
    }

    /// What was not said is left out.
    private static func object(_ members: [(String, JSON)]) -> JSON {
        .object(members.filter { $0.1 != .null }.map { JSON.Member($0.0, $0.1) })
    }
}
