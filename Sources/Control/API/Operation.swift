import HTTPTypes
import Hummingbird

/// One operation of the admin API, declared once: from it come the route, the checks of a request, the OpenAPI document,
/// the table of who may do what, and tests.
struct Operation: Sendable {
    typealias Handler = @Sendable (Call) async throws -> Reply

    /// How a list is paged.
    enum Paging: Sendable {
        case none
        /// By ids, or other names that sort.
        case byName
        /// By numbers.
        case byNumber
    }

    let method: HTTPRequest.Method
    /// With parameters in braces; each is known to ``PathParameters``.
    let path: String
    /// `operationId`.
    let id: String
    let tag: String
    let summary: String
    let access: Access
    /// More than the summary says.
    var detail = ""
    var query: [Parameter] = []
    var paging = Paging.none
    var body: Schema?
    let answer: Answer
    /// Takes `If-Match`: for changes of records that have an `ETag`.
    var isConditional = false
    /// Operators see records of deleted orgs through it.
    var seesDeletedOrgs = false
    let run: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, id: String, tag: String, _ summary: String, access: Access,
        answer: Answer, _ change: (inout Operation) -> Void = { _ in }, run: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.id = id
        self.tag = tag
        self.summary = summary
        self.access = access
        self.answer = answer
        self.run = run
        change(&self)
    }

    /// Whether it changes records: it runs in a transaction, and leaves an entry in the audit log.
    var isChange: Bool { self.method != .get }
    /// Whether it honours `Idempotency-Key`.
    var isIdempotent: Bool { self.method == .post }

    /// The names of the parameters in the path.
    var pathParameters: [String] {
        self.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }

    /// Those of the query, the page's among them.
    var allQuery: [Parameter] {
        switch self.paging {
        case .none: self.query
        case .byName: self.query + [Parameter.limit, Parameter.cursor]
        case .byNumber: self.query + [Parameter.limit, Parameter.numberedCursor]
        }
    }

    /// Every status that it may answer with, besides that of success.
    var problemStatuses: [Int] {
        var statuses = [400, 406, 429, 500, 503]
        if self.access != .anyone { statuses.append(401) }
        if ![.anyone, .authenticated].contains(self.access) { statuses.append(403) }
        if !self.pathParameters.isEmpty { statuses.append(404) }
        if self.isChange { statuses.append(409) }
        if self.isConditional { statuses.append(412) }
        if self.body != nil { statuses += [413, 415, 422] } else if self.isIdempotent { statuses.append(422) }
        return statuses.sorted()
    }
}

/// What an operation answers when all went well.
struct Answer: Sendable {
    let status: Int
    /// nil for no content.
    let schema: Schema?
    var mediaTypes = ["application/json"]
    var hasETag = false
    var hasLocation = false

    static let nothing = Answer(status: 204, schema: nil)

    /// 200 with a record.
    static func record(_ schema: Schema, hasETag: Bool = false) -> Answer {
        Answer(status: 200, schema: schema, hasETag: hasETag)
    }

    /// 201 with a record and where it is.
    static func created(_ schema: Schema, hasETag: Bool = false) -> Answer {
        Answer(status: 201, schema: schema, hasETag: hasETag, hasLocation: true)
    }

    /// 200 with a page of records.
    static func page(of shape: ObjectShape) -> Answer {
        Answer(
            status: 200,
            schema: .object(
                ObjectShape(
                    "\(shape.name)Page",
                    Field("data", .list(.object(shape), max: 100), ""),
                    Field(
                        "next_cursor", .orNull(.text(.cursor)),
                        "Give it as `cursor` for the next page; null on the last one."))))
    }

    /// 200 with all records of a short list.
    static func list(of shape: ObjectShape, max: Int) -> Answer {
        Answer(
            status: 200,
            schema: .object(ObjectShape("\(shape.name)List", Field("data", .list(.object(shape), max: max), ""))))
    }
}

/// A parameter of the query.
struct Parameter: Sendable {
    let name: String
    let schema: Schema
    let description: String

    init(_ name: String, _ schema: Schema, _ description: String) {
        self.name = name
        self.schema = schema
        self.description = description
    }

    static let limit = Parameter("limit", .integer(1...100), "How many at most; 20 if not said.")
    static let cursor = Parameter("cursor", .text(.cursor), "`next_cursor` of the page before.")
    static let numberedCursor = Parameter(
        "cursor", .text(.characters("0-9", 1...18, expected: "a cursor from `next_cursor`", example: "42")),
        "`next_cursor` of the page before.")
}

/// What stands in paths, by name.
enum PathParameters {
    static let rules: [String: (rule: TextRule, description: String)] = [
        "org": (.id("org"), "The org."),
        "user": (.id("usr"), "The user."),
        "key": (.id("key"), "The API key."),
        "token": (.id("tok"), "The token."),
        "plan": (.planCode, "The plan's code."),
        "flag": (.flagKey, "The flag's name."),
        "override": (.characters("0-9", 1...18, expected: "a number", example: "7"), "The override."),
    ].merging(RecordOperations.parameters) { own, _ in own }
}
