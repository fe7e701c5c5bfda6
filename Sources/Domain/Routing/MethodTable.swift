/// Numbers the methods that a table of routes knows, so that a set of methods is the bits of one integer.
struct MethodTable: Sendable {
    /// Known names; a name's position is its bit.
    private(set) var names: [[UInt8]]

    /// Bits 0 to 61 are known methods, bit 62 is every other.
    private static let unknownBit = 62
    private static let traceBit = 7
    private static let connectBit = 8
    /// Known methods beyond the standard ones; more are never matched by name.
    static let extraMax = unknownBit - 9

    init() {
        names = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"].map { Array($0.utf8) }
    }

    /// The set for a route: the named methods, or all but TRACE and CONNECT where none is named.
    mutating func mask(of methods: [String]) -> Int {
        guard !methods.isEmpty else {
            return Int.max & ~(1 << Self.traceBit) & ~(1 << Self.connectBit)
        }
        var mask = 0
        for method in methods {
            let name = Array(method.utf8)
            if let known = names.firstIndex(of: name) {
                mask |= 1 << known
            } else if names.count < Self.unknownBit {
                mask |= 1 << names.count
                names.append(name)
            }
        }
        return mask
    }

    /// The set with this method alone.
    func bit(of method: Span<UInt8>) -> Int {
        for index in 0..<names.count where names[index].count == method.count {
            if isName(index, method) { return 1 << index }
        }
        return 1 << Self.unknownBit
    }

    /// The value of `Allow` for a set.
    func allow(_ mask: Int) -> [UInt8] {
        var value: [UInt8] = []
        for index in 0..<names.count where mask & (1 << index) != 0 {
            if !value.isEmpty { value += [UInt8(ascii: ","), UInt8(ascii: " ")] }
            value += names[index]
        }
        return value
    }

    private func isName(_ index: Int, _ method: Span<UInt8>) -> Bool {
        for offset in 0..<method.count where names[index][offset] != method[offset] { return false }
        return true
    }
}
