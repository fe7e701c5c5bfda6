/// The form of a text, once: matched here, and written as a regular expression into the API's document.
struct TextPattern: Sendable {
    /// A set of characters, as a regular expression writes it between brackets.
    struct CharacterClass: Sendable {
        let regex: String
        let contains: @Sendable (Unicode.Scalar) -> Bool

        /// - Parameter text: ranges such as `a-z` and single characters; `^` in front negates.
        init(_ text: String) {
            self.regex = text
            var rest = Array(text.unicodeScalars)[...]
            let isNegated = rest.first == "^"
            if isNegated { rest = rest.dropFirst() }
            var ranges: [ClosedRange<UInt32>] = []
            while let low = Self.next(&rest) {
                if rest.first == "-", rest.count > 1 {
                    rest = rest.dropFirst()
                    if let high = Self.next(&rest) { ranges.append(low...max(low, high)) }
                } else {
                    ranges.append(low...low)
                }
            }
            let known = ranges
            self.contains = { scalar in known.contains { $0.contains(scalar.value) } != isNegated }
        }

        /// One character, which may be written `\xNN` or escaped.
        private static func next(_ rest: inout ArraySlice<Unicode.Scalar>) -> UInt32? {
            guard let first = rest.popFirst() else { return nil }
            guard first == "\\", let escaped = rest.popFirst() else { return first.value }
            guard escaped == "x", rest.count >= 2 else { return escaped.value }
            let digits = String(String.UnicodeScalarView(rest.prefix(2)))
            rest = rest.dropFirst(2)
            return UInt32(digits, radix: 16)
        }
    }

    indirect enum Part: Sendable {
        case literal(String)
        case some(CharacterClass, ClosedRange<Int>)
        case group([Part], ClosedRange<Int>)
        /// One of several.
        case either([[Part]])
    }

    let parts: [Part]

    init(_ parts: Part...) { self.parts = parts }

    /// Anchored at both ends.
    var regex: String { "^\(Self.regex(self.parts[...]))$" }

    func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return Self.match(self.parts[...], scalars, 0) { $0 == scalars.count }
    }

    /// Tries the longest first, and goes back where the rest does not fit.
    private static func match(
        _ parts: ArraySlice<Part>, _ scalars: [Unicode.Scalar], _ index: Int, then: (Int) -> Bool
    ) -> Bool {
        guard let part = parts.first else { return then(index) }
        let rest = parts.dropFirst()
        switch part {
        case .literal(let text):
            let wanted = Array(text.unicodeScalars)
            guard scalars[index...].starts(with: wanted) else { return false }
            return Self.match(rest, scalars, index + wanted.count, then: then)
        case .some(let characters, let count):
            var most = index
            while most < scalars.count, most - index < count.upperBound, characters.contains(scalars[most]) {
                most += 1
            }
            while most - index >= count.lowerBound {
                if Self.match(rest, scalars, most, then: then) { return true }
                most -= 1
            }
            return false
        case .group(let inner, let count):
            if count.upperBound > 0 {
                let again = Part.group(inner, max(0, count.lowerBound - 1)...(count.upperBound - 1))
                let isMatch = Self.match(inner[...], scalars, index) { end in
                    end > index && Self.match([again] + rest, scalars, end, then: then)
                }
                if isMatch { return true }
            }
            return count.lowerBound == 0 && Self.match(rest, scalars, index, then: then)
        case .either(let choices):
            return choices.contains { Self.match($0 + rest, scalars, index, then: then) }
        }
    }

    private static func regex(_ parts: ArraySlice<Part>) -> String {
        parts.map { part in
            switch part {
            case .literal(let text): text.map { ".+*?()[]{}|\\^$".contains($0) ? "\\\($0)" : "\($0)" }.joined()
            case .some(let characters, let count): "[\(characters.regex)]\(Self.times(count))"
            case .group(let inner, let count): "(\(Self.regex(inner[...])))\(Self.times(count))"
            case .either(let choices): "(\(choices.map { Self.regex($0[...]) }.joined(separator: "|")))"
            }
        }.joined()
    }

    private static func times(_ count: ClosedRange<Int>) -> String {
        count == 1...1
            ? ""
            : count.lowerBound == count.upperBound
                ? "{\(count.lowerBound)}" : "{\(count.lowerBound),\(count.upperBound)}"
    }
}
