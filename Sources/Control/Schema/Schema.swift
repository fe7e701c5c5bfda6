/// The shape of a value: what requests are checked against, what answers are checked against in tests, and what the
/// API's document says.
indirect enum Schema: Sendable {
    case boolean
    case integer(ClosedRange<Int64>)
    case text(TextRule)
    /// One of these words.
    case choice([String])
    /// RFC 3339.
    case time
    case list(Schema, max: Int)
    /// An object with free names.
    case map(names: TextRule, Schema, max: Int)
    case object(ObjectShape)
    case orNull(Schema)
    /// Text of any kind: in answers.
    case anyText
    /// Any JSON: for what the API only passes on.
    case anything

    /// Text in answers: not checked further.
    static let plainText = Schema.anyText
}

/// The members of an object; others are refused.
struct ObjectShape: Sendable {
    /// Under `components/schemas`.
    let name: String
    private(set) var fields: [Field]
    /// For changes: at least one member must be there.
    var isChange = false

    init(_ name: String, isChange: Bool = false, _ fields: Field...) {
        self.name = name
        self.isChange = isChange
        self.fields = fields
    }

    init(_ name: String, fields: [Field]) {
        self.name = name
        self.fields = fields
    }

    /// Takes the record's other members besides, as they were read: who changes a record may send all of it back.
    ///
    /// - Parameter names: members that change by themselves, or with every change. What was read of them may be old by
    ///   then, and nobody means anything by it.
    func puttingBack(_ record: ObjectShape, passingOver names: String...) -> ObjectShape {
        var shape = self
        for var field in record.fields where !self.fields.contains(where: { $0.name == field.name }) {
            field.isRequired = false
            field.writing = names.contains(field.name) ? .passedOver : .asItIs
            shape.fields.append(field)
        }
        return shape
    }

    /// Names of the members that a request changes, for people.
    var writable: String { self.fields.filter { $0.writing == .free }.map(\.name).joined(separator: ", ") }
}

/// A member of an object.
struct Field: Sendable {
    let name: String
    let schema: Schema
    let description: String
    var isRequired = true
    /// What holds when it is left out, for the document.
    var fallback: JSON?
    var writing = Writing.free

    /// What a request may say of a member.
    enum Writing: Sendable {
        case free
        /// Read-only: nothing but what it is already, see ``Call/expectReadOnly(_:)``.
        case asItIs
        /// Read-only, and never compared.
        case passedOver
    }

    init(_ name: String, _ schema: Schema, _ description: String) {
        self.name = name
        self.schema = schema
        self.description = description
    }

    /// May be left out.
    static func optional(_ name: String, _ schema: Schema, _ description: String, fallback: JSON? = nil) -> Field {
        var field = Field(name, schema, description)
        field.isRequired = false
        field.fallback = fallback
        return field
    }
}
