import Domain
import Glibc

/// The forms that single values have.
enum Shapes {
    static func duration(
        min: Int = 1, max: Int = 366 * 86_400_000
    ) -> Shape<Int> {
        let bound = min == 0 ? " (0 for none)" : ""
        return .scalar(
            "duration", expected: "a duration\(bound): a whole number and ms, s, m, h or d, such as 250ms or 10s",
            parse: { (text) throws(Complaint) in
                guard let ms = DurationText.parse(text) else {
                    let guess = text.utf8.count < 20 ? DurationText.guess(text) : nil
                    throw Complaint("not a duration", mend: guess.map { "write \($0)" })
                }
                guard ms >= min else { throw Complaint("too short", expected: "\(DurationText.write(min)) at least") }
                guard ms <= max else { throw Complaint("too long", expected: "\(DurationText.write(max)) at most") }
                return ms
            }, write: { .scalar(DurationText.write($0)) })
    }

    static func size(min: Int = 1, max: Int = 1 << 50) -> Shape<Int> {
        .scalar(
            "size", expected: "a size: a whole number and B, KiB, MiB, GiB, TiB, KB, MB, GB or TB, such as 64KiB",
            parse: { (text) throws(Complaint) in
                guard let bytes = SizeText.parse(text) else {
                    throw Complaint("not a size", mend: SizeText.guess(text).map { "write \($0)" })
                }
                guard bytes >= min else { throw Complaint("too small", expected: "\(SizeText.write(min)) at least") }
                guard bytes <= max else { throw Complaint("too large", expected: "\(SizeText.write(max)) at most") }
                return bytes
            }, write: { .scalar(SizeText.write($0)) })
    }

    static func integer(_ range: ClosedRange<Int>) -> Shape<Int> {
        let bounds =
            range.upperBound == Int.max
            ? "\(range.lowerBound) or more"
            : "\(range.lowerBound) to \(range.upperBound)"
        return .scalar(
            "integer", expected: "a whole number, \(bounds)",
            parse: { (text) throws(Complaint) in
                let digits = text.filter { $0 != "_" }
                guard !digits.isEmpty, let number = Int(digits) else { throw Complaint("not a whole number") }
                guard range.contains(number) else { throw Complaint("out of range") }
                return number
            }, write: { .scalar("\($0)") })
    }

    static func flag() -> Shape<Bool> {
        .scalar(
            "boolean", expected: "true or false",
            parse: { (text) throws(Complaint) in
                switch text {
                case "true": return true
                case "false": return false
                case "yes", "on", "1", "True", "TRUE", "Yes", "On":
                    throw Complaint("not a boolean", mend: "write true")
                case "no", "off", "0", "False", "FALSE", "No", "Off":
                    throw Complaint("not a boolean", mend: "write false")
                default: throw Complaint("not a boolean")
                }
            }, write: { .scalar($0 ? "true" : "false") })
    }

    /// One of the names of an enumeration.
    static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ type: Choice.Type) -> Shape<Choice> {
        let names = Choice.allCases.map(\.rawValue)
        let list = names.joined(separator: ", ")
        return .scalar(
            names.map { "`\($0)`" }.joined(separator: ", "), expected: "one of \(list)",
            parse: { (text) throws(Complaint) in
                guard let choice = Choice(rawValue: text) else {
                    throw Complaint(
                        "unknown word", mend: NearestName.find(text, among: names).map { "write '\($0)'" })
                }
                return choice
            }, write: { .scalar($0.rawValue) })
    }

    /// Text that a predicate accepts.
    static func text(
        _ type: String = "text", expected: String = "text", where isValid: @escaping (String) -> Bool = { !$0.isEmpty }
    ) -> Shape<String> {
        .scalar(
            type, expected: expected,
            parse: { (text) throws(Complaint) in
                guard isValid(text) else { throw Complaint(text.isEmpty ? "empty" : "not a valid \(type)") }
                return text
            }, write: { Written.text($0) })
    }

    /// Text that a function may object to.
    static func checked(
        _ type: String, expected: String, _ objection: @escaping (String) -> Complaint?
    ) -> Shape<String> {
        .scalar(
            type, expected: expected,
            parse: { (text) throws(Complaint) in
                if let complaint = objection(text) { throw complaint }
                return text
            }, write: { Written.text($0) })
    }

    static func rate() -> Shape<Rate> {
        .scalar(
            "rate", expected: "tokens and a period, such as 100 per 60s, 10/s, 100/min or 1000/day",
            parse: { (text) throws(Complaint) in
                guard let rate = Rate(text) else { throw Complaint("not a rate") }
                guard rate.tokens >= 1 else {
                    throw Complaint("a bucket that never fills", expected: "1 token at least")
                }
                guard rate.periodMs >= 1 else { throw Complaint("a period of no length") }
                return rate
            }, write: { .scalar($0.text) })
    }

    /// `host:port`, an IPv6 address in brackets.
    static func address(ports: ClosedRange<Int>) -> Shape<ListenAddress> {
        .scalar(
            "address:port",
            expected:
                "an address and a port \(ports.lowerBound) to \(ports.upperBound), such as 127.0.0.1:80 or [::1]:80",
            parse: { (text) throws(Complaint) in
                guard let colon = text.lastIndex(of: ":") else { throw Complaint("it has no port") }
                let digits = text[text.index(after: colon)...]
                guard let port = Int(digits), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                    ports.contains(port)
                else { throw Complaint("the port is not a number from \(ports.lowerBound) to \(ports.upperBound)") }
                var host = String(text[..<colon])
                if host.hasPrefix("["), host.hasSuffix("]") {
                    host = String(host.dropFirst().dropLast())
                    guard IPText.isV6(host) else { throw Complaint("not an IPv6 address in the brackets") }
                } else if host.contains(":") {
                    throw Complaint("an IPv6 address without brackets", mend: "write [address]:port")
                } else if !HostText.isName(host) {
                    throw Complaint(host.isEmpty ? "it names no host" : "not a host name or address")
                }
                return ListenAddress(host: host, port: port)
            }, write: { Written.text($0.description) })
    }
}

/// IP addresses and networks, asked of the system.
enum IPText {
    static func bytes(_ text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
        var v6 = in6_addr()
        if inet_pton(AF_INET6, text, &v6) == 1 { return withUnsafeBytes(of: v6) { Array($0) } }
        return nil
    }

    static func isV6(_ text: String) -> Bool { bytes(text)?.count == 16 }

    /// What is wrong with a network in CIDR notation; nil is nothing.
    static func objection(toNetwork text: String) -> Complaint? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = bytes(String(parts[0])) else { return Complaint("not an IP address") }
        let bits = address.count * 8
        guard parts.count == 2 else {
            return Complaint("it has no prefix length", mend: "add /\(bits) if this one address is meant")
        }
        guard let length = Int(parts[1]), (0...bits).contains(length) else {
            return Complaint("the prefix length is not a number from 0 to \(bits)")
        }
        let hasHostBits = (length..<bits).contains { bit in address[bit / 8] & (0x80 >> UInt8(bit % 8)) != 0 }
        guard !hasHostBits else {
            return Complaint(
                "bits are set after the prefix", expected: "a network, whose bits after the prefix are zero",
                mend: "use /\(bits) if this one address is meant")
        }
        return nil
    }
}

/// Host names as written in a config file.
enum HostText {
    /// Letters, digits, hyphens and underscores in labels of at most 63, or an IPv4 address.
    static func isName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63
                && label.utf8.allSatisfy { TokenText.isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x5F }
        }
    }
}

/// Words of RFC 9110 and of our own.
enum TokenText {
    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }

    /// RFC 9110 §5.6.2.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { isLetterOrDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }

    /// Made of lower-case letters, digits and `extra`.
    static func isLower(_ text: String, extra: String, max: Int, letterFirst: Bool = false) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= max else { return false }
        if letterFirst, !(0x61...0x7A).contains(first) { return false }
        return bytes.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || extra.utf8.contains($0)
        }
    }
}
