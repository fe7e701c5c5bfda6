extension Schema {
    /// JSON Schema 2020-12 as OpenAPI 3.1 has it. Objects are put under `components` and referred to.
    func openAPI(_ components: inout [String: JSON]) -> JSON {
        switch self {
        case .boolean: ["type": "boolean"]
        case .integer(let range):
            ["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .text(let rule):
            [
                "type": "string", "minLength": .int(rule.length.lowerBound), "maxLength": .int(rule.length.upperBound),
                "pattern": .string(rule.pattern.regex),
            ]
        case .choice(let words): ["type": "string", "enum": .texts(words)]
        case .time: ["type": "string", "format": "date-time"]
        case .list(let schema, let max):
            ["type": "array", "maxItems": .int(max), "items": schema.openAPI(&components)]
        case .map(let names, let schema, let max):
            [
                "type": "object", "maxProperties": .int(max),
                "propertyNames": Schema.text(names).openAPI(&components),
                "additionalProperties": schema.openAPI(&components),
            ]
        case .object(let shape): shape.openAPI(&components)
        case .orNull(let schema): Self.orNull(schema.openAPI(&components))
        case .anyText: ["type": "string"]
        case .anything: [:]
        }
    }

    private static func orNull(_ schema: JSON) -> JSON {
        guard case .object(let members) = schema, let type = schema["type"], schema["enum"] == nil else {
            return ["anyOf": [schema, ["type": "null"]]]
        }
        return .object(members.map { $0.name == "type" ? JSON.Member("type", [type, "null"]) : $0 })
    }
}

extension ObjectShape {
    fileprivate func openAPI(_ components: inout [String: JSON]) -> JSON {
        let reference: JSON = ["$ref": .string("#/components/schemas/\(self.name)")]
        guard components[self.name] == nil else { return reference }
        components[self.name] = .null
        var properties: [JSON.Member] = []
        for field in self.fields {
            var schema = field.schema.openAPI(&components)
            if !field.description.isEmpty { schema = schema.with("description", .string(field.description)) }
            if let fallback = field.fallback { schema = schema.with("default", fallback) }
            if field.writing != .free { schema = schema.with("readOnly", true) }
            properties.append(JSON.Member(field.name, schema))
        }
        var members: [JSON.Member] = [.init("type", "object"), .init("properties", .object(properties))]
        let required = self.fields.filter(\.isRequired).map(\.name)
        if !required.isEmpty { members.append(.init("required", .texts(required))) }
        if self.isChange { members.append(.init("minProperties", 1)) }
        members.append(.init("additionalProperties", false))
        components[self.name] = .object(members)
        return reference
    }
}
