/// Recognises field names in one hash and a few word comparisons. Built once from `FieldName.canonical`.
///
/// A class, so that its two kilobytes are not copied for an access.
final class FieldNameTable: Sendable {
    /// Never let go of, so that those who read it, for every line of every head, need not count themselves in and out.
    private static let shared = Unmanaged.passRetained(FieldNameTable())

    /// Hash of the words → raw value of the first name with that hash, 0 for none.
    private let slots: InlineArray<256, UInt8>
    /// Raw value → the next name with the same hash, 0 for none.
    private let chain: InlineArray<128, UInt8>
    private let names: ContiguousArray<NameWords>

    private init() {
        var slots = InlineArray<256, UInt8>(repeating: 0)
        var chain = InlineArray<128, UInt8>(repeating: 0)
        var names = ContiguousArray<NameWords>()
        for name in FieldName.allCases {
            let text = ContiguousArray(UnsafeBufferPointer(start: name.canonical.utf8Start, count: name.textCount))
            let words = NameWords(text.span, 0, text.count)
            names.append(words)
            guard !name.isFamily else { continue }
            chain[Int(name.rawValue)] = slots[words.hash]
            slots[words.hash] = name.rawValue
        }
        (self.slots, self.chain, self.names) = (slots, chain, names)
    }

    /// The name in `start..<end`, which must hold token bytes only.
    @inline(__always)
    static func name(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> FieldName {
        self.shared._withUnsafeGuaranteedRef { $0.name(bytes, start, end) }
    }

    private func name(_ bytes: Span<UInt8>, _ start: Int, _ end: Int) -> FieldName {
        let words = NameWords(bytes, start, end)
        let known = self.exact(words)
        if known != .other { return known }
        return self.rare(words, bytes, start)
    }

    @inline(__always) private func exact(_ words: NameWords) -> FieldName {
        guard words.count <= 32 else { return .other }
        var raw = self.slots[words.hash]
        while raw != 0 {
            if self.names[Int(raw)] == words { return FieldName(rawValue: raw) ?? .other }
            raw = self.chain[Int(raw)]
        }
        return .other
    }

    /// Families and aliases. Reached only by names that are not in the list.
    private func rare(_ words: NameWords, _ bytes: Span<UInt8>, _ start: Int) -> FieldName {
        let hyphenated = words.withHyphens
        let family = Self.family(hyphenated, bytes, start)
        if hyphenated == words {
            // The words cover 32 bytes; only a name of a family can be longer and still matter.
            guard family != .other else { return .other }
            return Self.hasUnderscore(bytes, start, words.count) ? .underscoreAlias : family
        }
        return family != .other || self.exact(hyphenated) != .other ? .underscoreAlias : .other
    }

    private static func hasUnderscore(_ bytes: Span<UInt8>, _ start: Int, _ count: Int) -> Bool {
        for index in 0..<count where bytes[start &+ index] == 0x5F { return true }
        return false
    }

    private static func family(_ words: NameWords, _ bytes: Span<UInt8>, _ start: Int) -> FieldName {
        switch words.first {
        case 0x6167_6C6C_6F74_2D78:  // "x-tollga"
            hasPrefix("x-tollgate-", words.count, bytes, start) ? .tollgate : .other
        case 0x696C_6574_6172_2D78:  // "x-rateli"
            hasPrefix("x-ratelimit-", words.count, bytes, start) ? .xRateLimit : .other
        case 0x696D_696C_6574_6172:  // "ratelimi"
            hasPrefix("ratelimit", words.count, bytes, start)
                && (words.count == 9 || hasPrefix("ratelimit-", words.count, bytes, start)) ? .rateLimit : .other
        default: .other
        }
    }

    /// Whether the name begins with `prefix`, letters compared without case and `_` read as `-`.
    private static func hasPrefix(
        _ prefix: StaticString, _ count: Int, _ bytes: Span<UInt8>, _ start: Int
    ) -> Bool {
        guard count >= prefix.utf8CodeUnitCount else { return false }
        for index in 0..<prefix.utf8CodeUnitCount {
            let byte = bytes[start &+ index]
            guard (byte == 0x5F ? 0x2D : byte.lowercased) == prefix.utf8Start[index] else { return false }
        }
        return true
    }
}

extension FieldName {
    fileprivate var textCount: Int { self.canonical.utf8CodeUnitCount }
}
