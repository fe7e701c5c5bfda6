import Domain
import HTTPTypes

/// The API's description (OpenAPI 3.1), made of the declarations of its operations.
enum OpenAPIDocument {
    static func render(_ operations: [Operation]) -> JSON {
        var components: [String: JSON] = [:]
        var paths: [(path: String, items: [JSON.Member])] = []
        for operation in operations {
            let item = JSON.Member(operation.method.rawValue.lowercased(), Self.operation(operation, &components))
            if let index = paths.firstIndex(where: { $0.path == operation.path }) {
                paths[index].items.append(item)
            } else {
                paths.append((operation.path, [item]))
            }
        }
        _ = Schema.object(Self.problem).openAPI(&components)
        var tags: [String] = []
        for operation in operations where !tags.contains(operation.tag) { tags.append(operation.tag) }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Tollgate admin API", "version": "1.0.0",
                "description": """
                Records of the gateway: users, organisations, keys, plans, limits, usage, money. Errors are problem \
                documents (RFC 9457) with a stable `code`. Lists are paged with `limit` and `cursor`. POST takes an \
                `Idempotency-Key`: the same request with the same key, within 24 hours, is executed once and answered \
                alike. Changes of records that have an `ETag` take `If-Match`. Unknown members of bodies and unknown \
                parameters are refused. Read-only members of bodies may be left out or given as they were read; one that \
                differs is refused.
                """,
            ],
            "security": [["token": []]],
            "tags": .array(tags.map { ["name": .string($0)] }),
            "paths": .object(paths.map { JSON.Member($0.path, .object($0.items)) }),
            "components": [
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "An operator's token (`tollgate admin token create`), or a member's.",
                    ]
                ],
                "responses": .object(
                    Self.problemStatuses(operations).map { JSON.Member("Problem\($0)", Self.problemResponse($0)) }),
                "schemas": .object(components.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) }),
            ],
        ]
    }

    private static func operation(_ operation: Operation, _ components: inout [String: JSON]) -> JSON {
        var members: [JSON.Member] = [
            .init("operationId", .string(operation.id)), .init("tags", [.string(operation.tag)]),
            .init("summary", .string(operation.summary)),
            .init("description", .string(Self.description(of: operation))),
        ]
        if operation.access == .anyone { members.append(.init("security", [])) }
        let parameters = Self.parameters(of: operation, &components)
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
        if let body = operation.body {
            members.append(
                .init(
                    "requestBody",
                    ["required": true, "content": ["application/json": ["schema": body.openAPI(&components)]]]))
        }
        var responses = [JSON.Member(String(operation.answer.status), Self.success(operation.answer, &components))]
        responses += operation.problemStatuses.map {
            JSON.Member(String($0), ["$ref": .string("#/components/responses/Problem\($0)")])
        }
        members.append(.init("responses", .object(responses)))
        return .object(members)
    }

    private static func description(of operation: Operation) -> String {
        let detail = operation.detail.isEmpty ? "" : " \(operation.detail)"
        return "For \(operation.access.text).\(detail)"
    }

    private static func parameters(of operation: Operation, _ components: inout [String: JSON]) -> [JSON] {
        var parameters: [JSON] = operation.pathParameters.compactMap { name in
            PathParameters.rules[name].map { rule, description in
                Self.parameter(name, in: "path", .text(rule), description, &components)
            }
        }
        for parameter in operation.allQuery {
            parameters.append(
                Self.parameter(parameter.name, in: "query", parameter.schema, parameter.description, &components))
        }
        if operation.isIdempotent {
            parameters.append(
                Self.parameter(
                    "Idempotency-Key", in: "header", .text(.idempotencyKey),
                    "A new value for each new change; the same one when it is tried again.", &components))
        }
        if operation.isConditional {
            parameters.append(
                Self.parameter(
                    "If-Match", in: "header", .text(.entityTag),
                    "Change only the version of the record that has this `ETag`.", &components))
        }
        return parameters
    }

    private static func parameter(
        _ name: String, in place: String, _ schema: Schema, _ description: String, _ components: inout [String: JSON]
    ) -> JSON {
        let parameter: JSON = ["name": .string(name), "in": .string(place)]
        return (place == "path" ? parameter.with("required", true) : parameter)
            .with("description", .string(description)).with("schema", schema.openAPI(&components))
    }

    private static func success(_ answer: Answer, _ components: inout [String: JSON]) -> JSON {
        var response: JSON = [
            "description": .string(
                answer.status == 204 ? "Done." : answer.status == 201 ? "Made." : "What was asked for.")
        ]
        var headers: [JSON.Member] = []
        if answer.hasETag {
            headers.append(.init("ETag", ["description": "For `If-Match`.", "schema": ["type": "string"]]))
        }
        if answer.hasLocation {
            headers.append(.init("Location", ["description": "Where it is.", "schema": ["type": "string"]]))
        }
        if !headers.isEmpty { response = response.with("headers", .object(headers)) }
        guard let schema = answer.schema else { return response }
        let rendered = schema.openAPI(&components)
        return response.with(
            "content",
            .object(
                answer.mediaTypes.map { type in
                    let isJSON = type.hasSuffix("json")
                    return JSON.Member(type, ["schema": isJSON ? rendered : ["type": "string"]])
                }))
    }

    // MARK: Problems

    static let problem = ObjectShape(
        "Problem",
        Field("type", .plainText, "A URI that ends in `code`."), Field("title", .plainText, "Constant for a code."),
        Field("status", .integer(400...599), "As in the status line."),
        Field("detail", .plainText, "What happened, and how to mend it."),
        Field("code", .choice(ProblemCode.allCases.map(\.slug)), "Stable; decide by it."),
        Field("request_id", .plainText, "Finds the log entry."),
        .optional(
            "errors",
            .list(
                .object(
                    ObjectShape(
                        "ProblemPlace",
                        .optional("pointer", .plainText, "A place in the body (RFC 6901)."),
                        .optional("parameter", .plainText, "A parameter of the query."),
                        .optional("header", .plainText, "A header field."),
                        Field("detail", .plainText, "What was expected there."))), max: 50),
            "Everything that is wrong, place by place."),
        .optional("retry_after_ms", .integer(0...9_007_199_254_740_991), "How long to wait."))

    private static func problemStatuses(_ operations: [Operation]) -> [Int] {
        Set(operations.flatMap(\.problemStatuses)).sorted()
    }

    private static func problemResponse(_ status: Int) -> JSON {
        let codes = ProblemCode.allCases.filter { $0.status == status }
        return [
            "description": .string(codes.first?.title ?? "Problem"),
            "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
        ]
    }
}
