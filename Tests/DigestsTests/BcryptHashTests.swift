import Digests
import Testing

@Suite struct BcryptHashTests {
    @Test(arguments: [
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
    ])
    func `hashes that other implementations made`(password: String, hash: String) throws {
        #expect(try BcryptHash.verify(password.utf8.span, hash: hash))
        #expect(try !BcryptHash.verify((password + "x").utf8.span, hash: hash))
    }

    @Test func `bytes above ASCII count as in $2y$`() throws {
        let hash = "$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e"
        let password: [UInt8] = [0xFF, 0xFF, 0xA3]
        #expect(try BcryptHash.verify(password.span, hash: hash))
    }

    @Test func `what was made is verified, and each salt is new`() throws {
        let password = "tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv"
        let first = try BcryptHash.make(of: password.utf8.span, cost: 4)
        let second = try BcryptHash.make(of: password.utf8.span, cost: 4)
        #expect(first.text.hasPrefix("$2b$04$"))
        #expect(first.cost == 4)
        #expect(first != second)
        #expect(try first.verify(password.utf8.span))
        #expect(try second.verify(password.utf8.span))
        #expect(try !first.verify("tgk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrw".utf8.span))
    }

    @Test func `72 bytes are hashed, 73 are refused`() throws {
        let longest = [UInt8](repeating: UInt8(ascii: "k"), count: 72)
        let hash = try BcryptHash.make(of: longest.span, cost: 4)
        #expect(try hash.verify(longest.span))
        #expect(throws: BcryptError.passwordTooLong(73)) { try hash.verify((longest + [0x6B]).span) }
        #expect(throws: BcryptError.passwordTooLong(73)) { try BcryptHash.make(of: (longest + [0x6B]).span, cost: 4) }
    }

    @Test func `a NUL byte is refused, wherever it stands`() throws {
        let hash = try BcryptHash.make(of: "ab".utf8.span, cost: 4)
        for password in [[0x61, 0x62, 0x00], [0x00], [0x61, 0x00, 0x62]] as [[UInt8]] {
            #expect(throws: BcryptError.passwordContainsNUL) { try hash.verify(password.span) }
            #expect(throws: BcryptError.passwordContainsNUL) { try BcryptHash.make(of: password.span, cost: 4) }
        }
    }

    @Test(arguments: [
        "", "$2a$05$", "$1$salt$hash", "plain", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$0x$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeWW",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC:E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ])
    func `what is no bcrypt hash is refused`(text: String) {
        #expect(throws: BcryptError.malformedHash) { try BcryptHash(text) }
    }

    @Test func `costs that would block a thread for long are refused`() {
        for cost in [0, 3, 16, 31, 99] {
            let digits = cost < 10 ? "0\(cost)" : "\(cost)"
            let text = "$2a$\(digits)$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
            #expect(throws: BcryptError.costOutOfRange(cost)) { try BcryptHash(text) }
            #expect(throws: BcryptError.costOutOfRange(cost)) { try BcryptHash.make(of: "x".utf8.span, cost: cost) }
        }
    }

    @Test func `many threads verify at once`() async throws {
        let hash = try BcryptHash.make(of: "right".utf8.span, cost: 4)
        let verdicts = await withTaskGroup(of: (Int, Bool?).self) { group in
            for number in 0..<32 {
                group.addTask {
                    let password = number.isMultiple(of: 2) ? "right" : "wrong\(number)"
                    return (number, try? hash.verify(password.utf8.span))
                }
            }
            return await group.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
        }
        for number in 0..<32 { #expect(verdicts[number] == number.isMultiple(of: 2), "task \(number)") }
    }

    @Test func `neither description shows the hash`() throws {
        let hash = try BcryptHash("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")
        #expect("\(hash)" == "bcrypt, cost 5")
        #expect(!"\(BcryptError.malformedHash)".contains("CCCC"))
    }
}
