/// What the `Connection` fields of a message say (RFC 9110 §7.6.1).
public struct ConnectionOptions: Sendable, Hashable {
    /// `close` is among the options.
    public internal(set) var close = false
    /// `keep-alive` is among the options.
    public internal(set) var keepAlive = false
    /// `upgrade` is among the options.
    public internal(set) var upgrade = false
    /// Known fields which the sender marked as belonging to this connection only, without those it cannot take away.
    public internal(set) var nominated = FieldNameSet()
    /// The other options, in lower case and each followed by a comma. They are kept as bytes because they also apply to
    /// trailers, which come when the head's bytes are gone. Hardly any message has one, so hardly any allocates.
    private var others: ContiguousArray<UInt8> = []

    /// Most options in all `Connection` fields together, and most bytes in those that are kept. Removal compares every
    /// field with every kept option, which must stay cheap whatever a client sends.
    private static var optionsMax: Int { 32 }
    private static var othersBytesMax: Int { 1024 }

    /// No options.
    public init() {}

    /// Reads every `Connection` line of `section`. Nil if there are too many options. What is no token names nothing.
    init?(_ bytes: Span<UInt8>, _ section: borrowing FieldSection) {
        guard let first = section.index(of: .connection) else { return }
        var count = 0
        for index in first..<section.lines.count where section.lines[index].id == .connection {
            var elements = ListElements(section.lines[index].value)
            while let option = elements.next(bytes) {
                count &+= 1
                guard count <= Self.optionsMax else { return nil }
                self.note(bytes, option)
                guard self.others.count <= Self.othersBytesMax else { return nil }
            }
        }
    }

    private mutating func note(_ bytes: Span<UInt8>, _ option: ByteRange) {
        for offset in option.bounds where !bytes[offset].isToken { return }
        if option.isEmpty { return }
        if bytes.matches(option, lowercase: "close") {
            self.close = true
            return
        }
        let name = FieldNameTable.name(bytes, option.start, option.end)
        switch name {
        case .keepAlive: self.keepAlive = true
        case .upgrade: self.upgrade = true
        case .other, .rateLimit, .xRateLimit:
            for offset in option.bounds { self.others.append(bytes[offset].lowercased) }
            self.others.append(Byte.comma)
        default: break
        }
        if !name.isFamily, !FieldNameSet.protectedFromConnection.contains(name) { self.nominated.insert(name) }
    }

    /// Whether `field`, of the message's head or trailers, must not be forwarded because an option names it.
    @inline(__always) func removes(_ field: Field, _ bytes: Span<UInt8>) -> Bool {
        self.nominated.contains(field.id) || (!self.others.isEmpty && self.namesOther(field, bytes))
    }

    private func namesOther(_ field: Field, _ bytes: Span<UInt8>) -> Bool {
        guard field.id == .other || field.id == .rateLimit || field.id == .xRateLimit else { return false }
        var elements = ListElements(ByteRange(0, self.others.count))
        while let option = elements.next(self.others.span) {
            if self.others.span.matches(option, ignoringCase: field.name, of: bytes) { return true }
        }
        return false
    }
}
