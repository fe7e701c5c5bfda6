/// Reads the members of a JSON object one by one and collects every mistake, so that a client sees all of them at once.
struct FieldReader {
    private let members: [String: JSONValue]
    private let pointer: String
    private var asked: Set<String> = []
    private(set) var problems: [FieldProblem] = []

    /// - Parameter pointer: where the object stands in the body; empty for the body itself.
    init(_ value: JSONValue?, at pointer: String) {
        self.pointer = pointer
        if case .object(let members)? = value {
            self.members = members
        } else {
            self.members = [:]
            self.refuse(nil, value.map { "expected an object, got \($0.kind)" } ?? "missing: an object is required")
        }
    }

    /// Notes a mistake in a member, or in the object itself.
    mutating func refuse(_ name: String?, _ detail: String) {
        let place = name.map { "\(self.pointer)/\(Self.escaped($0))" } ?? self.pointer
        self.problems.append(FieldProblem(place: .pointer(place), detail: detail))
    }

    /// Takes over what was found wrong inside a member.
    mutating func add(_ problems: [FieldProblem]) { self.problems += problems }

    /// A member as it is. An explicit `null` counts as absent.
    mutating func value(_ name: String) -> JSONValue? {
        self.asked.insert(name)
        let value = self.members[name]
        return value == .null ? nil : value
    }

    /// Whether the member is there.
    func has(_ name: String) -> Bool { (self.members[name] ?? .null) != .null }

    /// A string without NUL, which PostgreSQL cannot keep.
    mutating func string(_ name: String, bytesMax: Int, required: Bool = true) -> String? {
        guard let value = self.value(name) else {
            if required { self.refuse(name, "missing: a string is required") }
            return nil
        }
        guard let text = value.string else {
            self.refuse(name, "expected a string, got \(value.kind)")
            return nil
        }
        guard text.utf8.count <= bytesMax else {
            self.refuse(name, "the string has \(text.utf8.count) bytes; at most \(bytesMax) are taken")
            return nil
        }
        guard !text.utf8.contains(0) else {
            self.refuse(name, "the string holds a NUL character, which cannot be stored")
            return nil
        }
        return text
    }

    /// A whole number within bounds.
    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = self.value(name) else { return nil }
        guard let number = value.integer, range.contains(number) else {
            self.refuse(name, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// A number within bounds.
    mutating func number(_ name: String, in range: ClosedRange<Double>) -> Double? {
        guard let value = self.value(name) else { return nil }
        let number: Double? =
            switch value {
            case .integer(let whole): Double(whole)
            case .number(let number): number
            default: nil
            }
        guard let number, range.contains(number) else {
            self.refuse(name, "expected a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// A list of one to `countMax` names out of those that `Choice` knows.
    mutating func choices<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of type: Choice.Type, countMax: Int
    ) -> [Choice]? where Choice.RawValue == String {
        guard let value = self.value(name) else { return nil }
        guard case .array(let items) = value, (1...countMax).contains(items.count) else {
            self.refuse(name, "expected a list of 1 to \(countMax) names")
            return nil
        }
        var choices: [Choice] = []
        for (index, item) in items.enumerated() {
            if let choice = item.string.flatMap(Choice.init(rawValue:)) {
                choices.append(choice)
            } else {
                let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
                self.problems.append(
                    FieldProblem(
                        place: .pointer("\(self.pointer)/\(Self.escaped(name))/\(index)"),
                        detail: "not known here; expected one of: \(known)"))
            }
        }
        return choices.count == items.count ? choices : nil
    }

    /// Refuses members that nobody asked for: a mistyped name must not be ignored silently.
    mutating func finish() {
        let known = self.asked.sorted().joined(separator: ", ")
        for name in self.members.keys.sorted() where !self.asked.contains(name) {
            self.refuse(name, "unknown member; known here: \(known)")
        }
    }

    /// RFC 6901 §3: `~` and `/` in names.
    static func escaped(_ name: String) -> String {
        var escaped = ""
        for character in name {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
