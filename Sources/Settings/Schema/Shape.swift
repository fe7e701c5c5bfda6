import Yams

/// One form that a value may have: how it is read, written and described. Everything that is known about the fields of
/// the file is made of these, so that the parser, the file of defaults and the reference cannot disagree.
struct Shape<Value> {
    /// For the reference: `duration`.
    let type: String
    /// For errors: `a duration, such as 250ms or 10s`.
    let expected: String
    /// Nil, and an error, if there is no such value.
    let read: (SettingsReader, Item) -> Value?
    let write: (Value) -> Written
    var record: RecordDescription?
    /// What the value would look like if it were there, for lists and sections that may be absent.
    var example: (() -> Written)?
}

extension Shape {
    /// A shape read from one scalar.
    static func scalar(
        _ type: String, expected: String, parse: @escaping (String) throws(Complaint) -> Value,
        write: @escaping (Value) -> Written
    ) -> Shape {
        Shape(
            type: type, expected: expected,
            read: { reader, item in
                guard let value = reader.text(item, expected: expected) else { return nil }
                do throws(Complaint) {
                    return try parse(value.text)
                } catch {
                    var complaint = value.usesEnvironment ? error.discreet() : error
                    complaint.expected = complaint.expected ?? expected
                    reader.report(item.path, complaint)
                    return nil
                }
            },
            write: write)
    }

    /// The same, but `null` (or nothing) stands for none.
    func orNone() -> Shape<Value?> {
        let sample = example
        return Shape<Value?>(
            type: type, expected: "\(expected), or null",
            read: { reader, item in
                if reader.isNull(item.node) { return .some(nil) }
                return read(reader, item).map { .some($0) }
            },
            write: { $0.map(write) ?? .null }, record: record, example: record == nil ? nil : sample)
    }

    /// A list of such values.
    func list(countMax: Int = 10_000) -> Shape<[Value]> {
        let sample = example
        return Shape<[Value]>(
            type: "list of \(record == nil ? type : "records")", expected: "a list: each entry \(expected)",
            read: { reader, item in
                guard case .sequence(let sequence) = item.node else {
                    reader.report(
                        item.path, Complaint("wrong kind of value", expected: "a list, [] if there is nothing to list"))
                    return nil
                }
                guard sequence.count <= countMax else {
                    reader.report(item.path, Complaint("too many entries", expected: "\(countMax) at most"))
                    return nil
                }
                var values: [Value] = []
                for (index, node) in sequence.enumerated() {
                    let element = item.element(index, node)
                    reader.visit(element)
                    if let value = read(reader, element) { values.append(value) }
                }
                return values
            },
            write: { .list($0.map(write)) }, record: record,
            example: record == nil ? nil : { .list(sample.map { [$0()] } ?? []) })
    }
}
