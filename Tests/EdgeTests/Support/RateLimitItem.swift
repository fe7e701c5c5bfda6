import StructuredFieldValues

/// One item of `RateLimit-Policy`, read by somebody else's parser of structured fields. Integers only (RL-2): a decimal
/// would not decode.
struct PolicyItem: Codable, Equatable {
    struct Parameters: Codable, Equatable {
        var q: Int
        var w: Int?
        var qu: String?
    }

    var item: String
    var parameters: Parameters
}

/// One item of `RateLimit`.
struct LimitItem: Codable, Equatable {
    struct Parameters: Codable, Equatable {
        var r: Int
        var t: Int?
    }

    var item: String
    var parameters: Parameters
}

private struct PolicyList: StructuredFieldValue {
    static let structuredFieldType: StructuredFieldType = .list
    var items: [PolicyItem]
}

private struct LimitList: StructuredFieldValue {
    static let structuredFieldType: StructuredFieldType = .list
    var items: [LimitItem]
}

extension RawResponse {
    /// `RateLimit-Policy`, item by item; throws where it is no structured field.
    func policies() throws -> [PolicyItem] {
        guard let field = self["ratelimit-policy"] else { return [] }
        return try StructuredFieldValueDecoder().decode(PolicyList.self, from: Array(field.utf8)).items
    }

    /// `RateLimit`, item by item.
    func limits() throws -> [LimitItem] {
        guard let field = self["ratelimit"] else { return [] }
        return try StructuredFieldValueDecoder().decode(LimitList.self, from: Array(field.utf8)).items
    }

    /// What is left of a limit.
    func remaining(_ name: String) throws -> Int? {
        try self.limits().first { $0.item == name }?.parameters.r
    }
}
