/// Reads field lines up to the empty line that closes their section. Used for heads and for trailers.
struct FieldSectionParser: Sendable {
    private var cursor: LineCursor
    private var start: Int

    /// A parser for a section whose first line begins at `start`.
    init(at start: Int = 0) {
        self.cursor = LineCursor(at: start)
        self.start = start
    }

    mutating func begin(at start: Int) {
        self.cursor.advance(to: start)
        self.start = start
    }

    /// `bytes` is the message from its first byte on. `complete` counts from there too.
    mutating func parse(
        _ bytes: Span<UInt8>, limits: HeadLimits, into section: inout FieldSection
    ) -> HeadProgress {
        let limit = self.start &+ limits.sectionBytesMax
        let end = min(bytes.count, limit)
        guard self.cursor.isWorthTrying(bytes, to: end) || end == limit else { return .incomplete }
        while true {
            switch FieldLine.parse(bytes, from: self.cursor.line, to: end) {
            case .field(let field, let next):
                guard section.lines.count < limits.fieldsMax else { return .failed(.fieldsTooMany) }
                section.append(field)
                self.cursor.advance(to: next)
            case .end(let next):
                section.end = self.cursor.line
                return .complete(byteCount: next)
            case .incomplete:
                if end == limit { return .failed(.fieldSectionTooLarge) }
                self.cursor.ranOut(bytes, at: end)
                return .incomplete
            case .failed(let error):
                return .failed(error)
            }
        }
    }
}
