/// The form of an API key (SPEC §2, STANDARDS §4): `<brand>_<live|test>_` and 38 base62 characters, of which the last
/// six are the CRC-32 of all before them. The checksum is no secret: it lets a typo be refused without a look-up and a
/// secret scanner be sure.
public struct KeyFormat: Sendable, Equatable {
    public let brand: String
    /// Bytes of every key of this brand.
    public let length: Int
    /// `<brand>_live_` and `<brand>_test_`.
    private let livePrefix: [UInt8]
    private let testPrefix: [UInt8]

    /// Characters of randomness: 190 bits.
    public static let randomLength = 32
    /// Characters of the checksum.
    public static let checkLength = 6
    /// How much of a key is kept readable, to recognise it in lists.
    public static let displayLength = 12

    /// Takes any brand; `isValid(brand:)` is asked when configuration is read.
    public init(brand: String) {
        self.brand = brand
        self.livePrefix = Array("\(brand)_live_".utf8)
        self.testPrefix = Array("\(brand)_test_".utf8)
        self.length = livePrefix.count + Self.randomLength + Self.checkLength
    }

    /// Two to eight lower-case letters or digits, a letter first.
    public static func isValid(brand: String) -> Bool {
        let bytes = Array(brand.utf8)
        guard (2...8).contains(bytes.count), let first = bytes.first, (0x61...0x7A).contains(first) else {
            return false
        }
        return bytes.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) }
    }

    /// A new key. `random` gives one uniform byte a call; those of 248 and above are thrown away, so that every one of
    /// the 62 characters is equally likely.
    public func generate(environment: Environment, random: () -> UInt8) -> String {
        var key = environment == .live ? livePrefix : testPrefix
        key.reserveCapacity(length)
        for _ in 0..<Self.randomLength {
            var byte = random()
            while byte >= 248 { byte = random() }
            key.append(Self.digit(Int(byte % 62)))
        }
        var checksum = Checksum()
        checksum.update(key.span, count: key.count)
        key.append(contentsOf: Self.base62(checksum.value))
        return String(decoding: key, as: UTF8.self)
    }

    /// The environment of a key whose form and checksum are right; nil for anything else. Nothing is allocated or
    /// looked up.
    public func check(_ key: Span<UInt8>) -> Environment? {
        guard key.count == length else { return nil }
        let prefixLength = livePrefix.count
        let environment: Environment
        if Self.starts(key, with: livePrefix) {
            environment = .live
        } else if Self.starts(key, with: testPrefix) {
            environment = .test
        } else {
            return nil
        }
        let checkStart = length - Self.checkLength
        for index in prefixLength..<checkStart where !Self.isBase62(key[index]) { return nil }
        var claimed: UInt64 = 0
        for index in checkStart..<length {
            guard let digit = Self.value(of: key[index]) else { return nil }
            claimed = claimed * 62 + UInt64(digit)
        }
        var checksum = Checksum()
        checksum.update(key, count: checkStart)
        return claimed == UInt64(checksum.value) ? environment : nil
    }

    /// The part of a key that is stored readable and shown in lists.
    public func displayPrefix(_ key: String) -> String {
        String(decoding: key.utf8.prefix(Self.displayLength), as: UTF8.self)
    }

    private static func starts(_ key: Span<UInt8>, with prefix: [UInt8]) -> Bool {
        for index in 0..<prefix.count where key[index] != prefix[index] { return false }
        return true
    }

    /// `0-9A-Za-z` in this order.
    private static func digit(_ value: Int) -> UInt8 {
        switch value {
        case 0..<10: UInt8(0x30 + value)
        case 10..<36: UInt8(0x41 + value - 10)
        default: UInt8(0x61 + value - 36)
        }
    }

    /// A digit or a letter, as a bit of one of two words.
    @inline(__always)
    private static func isBase62(_ byte: UInt8) -> Bool {
        let bits: UInt64 = byte & 0x40 == 0 ? 0x03FF_0000_0000_0000 : 0x07FF_FFFE_07FF_FFFE
        return byte < 0x80 && (bits >> UInt64(byte & 0x3F)) & 1 == 1
    }

    private static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x5A: byte - 0x41 + 10
        case 0x61...0x7A: byte - 0x61 + 36
        default: nil
        }
    }

    private static func base62(_ value: UInt32) -> [UInt8] {
        var digits = [UInt8](repeating: 0x30, count: checkLength)
        var rest = Int(value)
        for index in stride(from: checkLength - 1, through: 0, by: -1) {
            digits[index] = digit(rest % 62)
            rest /= 62
        }
        return digits
    }
}
