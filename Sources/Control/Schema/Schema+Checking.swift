extension Schema {
    /// Everything that does not fit, by where it stands in the body.
    func errors(_ value: JSON, at pointer: String = "") -> [FieldError] {
        var errors: [FieldError] = []
        self.check(value, at: pointer, &errors)
        return errors
    }

    private func check(_ value: JSON, at pointer: String, _ errors: inout [FieldError]) {
        func refuse(_ detail: String) { errors.append(FieldError(place: .pointer(pointer), detail: detail)) }
        switch (self, value) {
        case (.anything, _), (.anyText, .string), (.boolean, .bool), (.orNull, .null): return
        case (.orNull(let schema), _): schema.check(value, at: pointer, &errors)
        case (.integer(let range), .integer(let integer)):
            if !range.contains(integer) { refuse(Self.expected(range)) }
        case (.text(let rule), .string(let text)):
            if let complaint = rule.complaint(text) { refuse(complaint) }
        case (.choice(let words), .string(let text)):
            if !words.contains(text) { refuse("expected one of: \(words.joined(separator: ", "))") }
        case (.time, .string(let text)):
            if Timestamp.parse(text) == nil { refuse("expected a time such as 2026-01-31T12:00:00Z") }
        case (.list(let schema, let max), .array(let elements)):
            if elements.count > max { refuse("expected \(max) elements at most") }
            for (index, element) in elements.prefix(max).enumerated() {
                schema.check(element, at: "\(pointer)/\(index)", &errors)
            }
        case (.map(let names, let schema, let max), .object(let members)):
            if members.count > max { refuse("expected \(max) members at most") }
            for member in members.prefix(max) {
                let place = "\(pointer)/\(Self.escaped(member.name))"
                if let complaint = names.complaint(member.name) {
                    errors.append(FieldError(place: .pointer(place), detail: "a name: \(complaint)"))
                }
                schema.check(member.value, at: place, &errors)
            }
        case (.object(let shape), .object(let members)): Self.check(members, shape, at: pointer, &errors)
        default: refuse("expected \(self.kind)")
        }
    }

    private static func check(
        _ members: [JSON.Member], _ shape: ObjectShape, at pointer: String, _ errors: inout [FieldError]
    ) {
        for member in members {
            let place = "\(pointer)/\(Self.escaped(member.name))"
            guard let field = shape.fields.first(where: { $0.name == member.name }) else {
                errors.append(
                    FieldError(place: .pointer(place), detail: "there is no such member; known are: \(shape.writable)"))
                continue
            }
            guard field.writing == .free else {
                // What it would have to be is of no use to somebody who cannot set it.
                guard !field.schema.errors(member.value).isEmpty else { continue }
                errors.append(
                    FieldError(
                        place: .pointer(place), detail: "is read-only: leave it out, or give it as it was read"))
                continue
            }
            field.schema.check(member.value, at: place, &errors)
        }
        for field in shape.fields where field.isRequired && !members.contains(where: { $0.name == field.name }) {
            errors.append(FieldError(place: .pointer("\(pointer)/\(field.name)"), detail: "is missing"))
        }
        if shape.isChange, members.isEmpty {
            errors.append(FieldError(place: .pointer(pointer), detail: "expected at least one of: \(shape.writable)"))
        }
    }

    /// Whether two values say the same: times may be written in several ways, and some programs write them anew.
    func isSame(_ one: JSON, _ other: JSON) -> Bool {
        switch (self, one, other) {
        case (.orNull(let schema), _, _): schema.isSame(one, other)
        case (.time, .string(let one), .string(let other)): Timestamp.parse(one) == Timestamp.parse(other)
        default: one == other
        }
    }

    /// The value of a parameter or header, which arrives as text; nil when it is of another kind altogether.
    func value(ofParameter text: String) -> JSON? {
        switch self {
        case .boolean: text == "true" ? .bool(true) : text == "false" ? .bool(false) : nil
        case .integer:
            // One spelling only: no sign in front, no zeros.
            Int64(text).flatMap { String($0) == text ? .integer($0) : nil }
        default: .string(text)
        }
    }

    /// What it is, after "expected".
    var kind: String {
        switch self {
        case .boolean: "true or false"
        case .integer(let range): String(Self.expected(range).dropFirst("expected ".count))
        case .text(let rule): rule.expected
        case .choice(let words): "one of: \(words.joined(separator: ", "))"
        case .time: "a time such as 2026-01-31T12:00:00Z"
        case .list: "an array"
        case .map, .object: "an object"
        case .orNull(let schema): "\(schema.kind), or null"
        case .anyText: "a text"
        case .anything: "a value"
        }
    }

    private static func expected(_ range: ClosedRange<Int64>) -> String {
        "expected a whole number from \(range.lowerBound) to \(range.upperBound)"
    }

    /// RFC 6901 §3. Control characters of a client's names are left out.
    private static func escaped(_ name: String) -> String {
        String(name.prefix(100)).replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
