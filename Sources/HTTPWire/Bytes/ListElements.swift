/// Walks the elements of a comma-separated field value (RFC 9110 §5.6.1), white space trimmed.
///
/// Empty elements are yielded as empty ranges, because whether they are tolerable depends on the field. Commas inside
/// quoted strings are not honoured: no field walked with this may hold one.
struct ListElements {
    private var position: Int
    private let end: Int
    private var isDone = false

    init(_ value: ByteRange) { (self.position, self.end) = (value.start, value.end) }

    mutating func next(_ bytes: Span<UInt8>) -> ByteRange? {
        guard !self.isDone else { return nil }
        var comma = self.position
        while comma < self.end, bytes[comma] != Byte.comma { comma &+= 1 }
        let element = bytes.trimmingBlanks(self.position, comma)
        self.isDone = comma == self.end
        self.position = comma &+ 1
        return element
    }
}
