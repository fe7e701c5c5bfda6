import Yams

/// A mapping with known fields.
struct Record<Root> {
    let title: String
    let summary: String
    /// Every field at its default.
    let blank: () -> Root
    /// For the file of defaults: the blank with what must be given filled in.
    let sample: () -> Root
    let fields: [Field<Root>]
    /// Checks between the fields of one record; the path is that of the record.
    var check: (SettingsReader, String, Root) -> Void = { _, _, _ in }

    /// Reads over the defaults. Fields with mistakes keep theirs, so that one mistake is not reported twice.
    func read(_ reader: SettingsReader, _ item: Item) -> Root? {
        guard case .mapping(let mapping) = item.node else {
            reader.report(
                item.path,
                Complaint(
                    "wrong kind of value", expected: expectedFields,
                    mend: item.path.isEmpty ? "write the file as lines of 'field: value'" : nil))
            return nil
        }
        var root = blank()
        var seen = Set<String>()
        for (key, value) in mapping {
            guard let name = key.scalar?.string, let field = fields.first(where: { $0.description.name == name }) else {
                reportUnknown(key, at: item, reader)
                continue
            }
            seen.insert(name)
            let child = item.child(name, value)
            read(field, child, reader, into: &root)
        }
        for field in fields where field.description.defaultText == nil && !seen.contains(field.description.name) {
            reader.report(
                item.path,
                Complaint(
                    "field '\(field.description.name)' is missing", expected: field.expected,
                    mend: "add '\(field.description.name):'"), showsFound: false)
        }
        check(reader, item.path, root)
        return root
    }

    func write(_ root: Root, withExamples: Bool = false) -> Written {
        .record(
            fields.map { field in
                let value = field.write(root)
                var example: Written?
                if withExamples, value.isNull || value.isEmptyList { example = field.example?() }
                return WrittenField(
                    name: field.description.name, value: value, description: field.description, example: example)
            })
    }

    /// The sample with every example in the place of what is empty.
    func writeSample() -> Written {
        guard case .record(let written) = write(sample(), withExamples: true) else { return .null }
        return .record(
            written.map { field in
                var field = field
                field.value = field.example ?? field.value
                field.example = nil
                return field
            })
    }

    var description: RecordDescription {
        RecordDescription(title: title, summary: summary, fields: fields.map(\.description))
    }

    /// The record as a value of a field.
    var shape: Shape<Root> {
        Shape(
            type: title, expected: expectedFields, read: { read($0, $1) },
            write: { write($0) }, record: description, example: { writeSample() })
    }

    private var expectedFields: String {
        let names = fields.map(\.description.name)
        return "a mapping with fields \(names.prefix(4).joined(separator: ", "))" + (names.count > 4 ? ", ..." : "")
    }

    private func read(_ field: Field<Root>, _ item: Item, _ reader: SettingsReader, into root: inout Root) {
        let known = reader.errors.count
        readField(field, item, reader, into: &root)
        let isRecord = field.description.record != nil
        let shown = field.description.defaultText.map { isRecord ? "what is in the reference" : $0 }
        reader.completeMends(from: known, at: item.path, defaultText: shown)
    }

    private func readField(_ field: Field<Root>, _ item: Item, _ reader: SettingsReader, into root: inout Root) {
        guard field.description.isSecret else {
            reader.visit(item)
            field.read(reader, item, &root)
            return
        }
        var changed = root
        reader.secretly {
            reader.visit(item)
            field.read(reader, item, &changed)
        }
        root = changed
    }

    private func reportUnknown(_ key: Node, at item: Item, _ reader: SettingsReader) {
        let name = key.scalar?.string ?? "?"
        let names = fields.map(\.description.name)
        let nearest = NearestName.find(name, among: names)
        let path = item.path.isEmpty ? name : "\(item.path).\(name)"
        reader.report(
            path,
            Complaint(
                "there is no field '\(name)' here", expected: "one of " + names.joined(separator: ", "),
                mend: nearest.map { "write '\($0)'" } ?? "remove it"),
            line: key.mark?.line ?? 0, column: key.mark?.column ?? 0)
    }
}

/// One field of a record.
struct Field<Root> {
    var description: FieldDescription
    let expected: String
    let read: (SettingsReader, Item, inout Root) -> Void
    let write: (Root) -> Written
    let example: (() -> Written)?

    /// A field that stands for one property. `check` looks at a value that has the right form; where `isRequired`, the
    /// field has no default.
    static func property<Value>(
        _ name: String, _ keyPath: WritableKeyPath<Root, Value>, _ shape: Shape<Value>, of blank: () -> Root,
        isRequired: Bool = false, isSecret: Bool = false, _ summary: String
    ) -> Field {
        let defaultText = isRequired ? nil : YAMLWriter.inline(shape.write(blank()[keyPath: keyPath]))
        let write: (Root) -> Written = { shape.write($0[keyPath: keyPath]) }
        return Field(
            description: FieldDescription(
                name: name, type: shape.type, summary: summary, defaultText: defaultText, record: shape.record,
                isSecret: isSecret),
            expected: shape.expected,
            read: { reader, item, root in
                if let value = shape.read(reader, item) { root[keyPath: keyPath] = value }
            },
            write: write, example: shape.example)
    }
}

/// Collects the fields of a record; a schema reads as one line a field.
struct FieldList<Root> {
    let blank: () -> Root
    private(set) var fields: [Field<Root>] = []

    init(_ blank: @escaping () -> Root) { self.blank = blank }

    mutating func add<Value>(
        _ name: String, _ keyPath: WritableKeyPath<Root, Value>, _ shape: Shape<Value>, _ summary: String,
        isRequired: Bool = false, isSecret: Bool = false
    ) {
        fields.append(
            .property(
                name, keyPath, shape, of: blank, isRequired: isRequired, isSecret: isSecret, summary))
    }
}
