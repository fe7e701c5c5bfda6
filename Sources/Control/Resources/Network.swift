import Domain
import Glibc

/// Addresses and networks in requests, as PostgreSQL's `cidr` takes them: no bits set to the right of the mask.
enum Network {
    /// - Throws: 422 with every one that is none.
    static func check(_ texts: [String], at pointer: String) throws {
        let errors = texts.enumerated().filter { !Self.isNetwork($1) }.map { index, _ in
            FieldError(
                place: .pointer("\(pointer)/\(index)"),
                detail: "expected an address or a network without bits set beyond its length, such as 192.0.2.0/24")
        }
        guard errors.isEmpty else { throw AdminProblem(.validationFailed, errors: errors) }
    }

    static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let bytes = Self.address(String(parts[0])) else { return false }
        guard parts.count == 2 else { return true }
        guard let length = Int(parts[1]), String(length) == parts[1], (0...bytes.count * 8).contains(length) else {
            return false
        }
        return (length..<bytes.count * 8).allSatisfy { bytes[$0 / 8] & (0x80 >> UInt8($0 % 8)) == 0 }
    }

    private static func address(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}
