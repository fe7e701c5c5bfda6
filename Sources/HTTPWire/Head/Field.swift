/// Where one field line lies in its message, and which field it is. 16 bytes.
public struct Field: Sendable, Hashable {
    private let nameStart: UInt32
    private let nameCount: UInt16
    /// Which of the known names the line has.
    public let id: FieldName
    /// The value without the white space around it; may be empty.
    public let value: ByteRange

    /// Longest name that a field can record, in bytes.
    static var nameBytesMax: Int { Int(UInt16.max) }

    init(nameStart: Int, nameEnd: Int, id: FieldName, value: ByteRange) {
        self.nameStart = UInt32(truncatingIfNeeded: nameStart)
        self.nameCount = UInt16(truncatingIfNeeded: nameEnd &- nameStart)
        self.id = id
        self.value = value
    }

    /// The name as it was sent.
    public var name: ByteRange { ByteRange(self.lineStart, self.lineStart &+ Int(self.nameCount)) }

    /// Where the line begins. It ends where the next line of the section begins.
    var lineStart: Int { Int(self.nameStart) }

    func shifted(by offset: Int) -> Field {
        Field(
            nameStart: self.name.start &+ offset, nameEnd: self.name.end &+ offset, id: self.id,
            value: ByteRange(self.value.start &+ offset, self.value.end &+ offset))
    }
}
