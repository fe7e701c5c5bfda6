/// The field lines of one head or trailer section, as ranges of the message they came in.
///
/// Storage is kept from one message to the next. Which names are present, and which more than once, is known in O(1); the
/// line of a name that is present is looked for, in what are hardly ever more than ten.
/// Not copyable: a copy would cost more than the parse, and the next message would then have to grow fresh storage.
public struct FieldSection: ~Copyable, Sendable {
    /// All lines in the order received.
    public private(set) var lines: ContiguousArray<Field> = []
    /// The names that occur at least once.
    public private(set) var present = FieldNameSet()
    /// Offset just past the last line, where the section's closing CR LF begins.
    public internal(set) var end = 0
    /// Those that occur more than once.
    private var repeated = FieldNameSet()

    /// An empty section.
    public init() {}

    /// Whether a line with this name exists.
    public func contains(_ id: FieldName) -> Bool { self.present.contains(id) }

    /// Number of lines with this name.
    public func count(of id: FieldName) -> Int {
        guard self.repeated.contains(id) else { return self.contains(id) ? 1 : 0 }
        var count = 0
        for index in self.lines.indices where self.lines[index].id == id { count &+= 1 }
        return count
    }

    /// Index in `lines` of the first line with this name.
    public func index(of id: FieldName) -> Int? {
        guard self.contains(id) else { return nil }
        for index in self.lines.indices where self.lines[index].id == id { return index }
        return nil
    }

    /// The first line with this name.
    public func first(_ id: FieldName) -> Field? {
        guard let index = self.index(of: id) else { return nil }
        return self.lines[index]
    }

    /// The value of the only line with this name; nil if there is none or more than one.
    public func only(_ id: FieldName) -> ByteRange? { self.repeated.contains(id) ? nil : self.first(id)?.value }

    /// Calls `body` with the value of each line that has this name, in the order received.
    @inline(__always) func forEachValue(of id: FieldName, _ body: (ByteRange) -> Void) {
        guard var index = self.index(of: id) else { return }
        var left = self.count(of: id)
        while left > 0, index < self.lines.count {
            if self.lines[index].id == id {
                body(self.lines[index].value)
                left &-= 1
            }
            index &+= 1
        }
    }

    /// Offset just past the line at `index`, its CR LF included.
    func lineEnd(_ index: Int) -> Int {
        index &+ 1 < self.lines.count ? self.lines[index &+ 1].lineStart : self.end
    }

    mutating func append(_ field: Field) {
        if self.present.contains(field.id) { self.repeated.insert(field.id) }
        self.present.insert(field.id)
        self.lines.append(field)
    }

    /// Forgets the lines, keeps the storage.
    mutating func reset() {
        self.lines.removeAll(keepingCapacity: true)
        self.present = FieldNameSet()
        self.repeated = FieldNameSet()
        self.end = 0
    }

    /// Moves every range by `offset` bytes.
    mutating func shift(by offset: Int) {
        guard offset != 0 else { return }
        for index in self.lines.indices { self.lines[index] = self.lines[index].shifted(by: offset) }
        self.end &+= offset
    }
}
