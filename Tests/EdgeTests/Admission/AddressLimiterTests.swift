import Domain
import HTTPWire
import Testing

@testable import Edge

@Suite struct AddressLimiterTests {
    private static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }
    private static let limit = Limit(name: "address", scope: .ip, capacity: 3, refill: 10, periodMs: 1_000)

    @Test func `without a limit everybody passes`() throws {
        var limiter = AddressLimiter(nil, loops: 1)
        let address = try Self.address("192.0.2.1")
        for _ in 0..<1_000 { #expect(limiter.admits(address, nowMs: 0) == true) }
    }

    @Test func `an address passes as often as its capacity and again as it refills`() throws {
        var limiter = AddressLimiter(Self.limit, loops: 1)
        let address = try Self.address("192.0.2.1")
        for _ in 0..<3 { #expect(limiter.admits(address, nowMs: 1_000) == true) }
        #expect(limiter.admits(address, nowMs: 1_000) == false)
        #expect(limiter.admits(address, nowMs: 1_099) == false)
        #expect(limiter.admits(address, nowMs: 1_200) == true)
        #expect(limiter.admits(address, nowMs: 1_201) == true)
        #expect(limiter.admits(address, nowMs: 1_202) == false)
        for _ in 0..<3 { #expect(limiter.admits(address, nowMs: 100_000) == true) }
        #expect(limiter.admits(address, nowMs: 100_000) == false)
    }

    @Test func `addresses do not share, those of one IPv6 network do`() throws {
        var limiter = AddressLimiter(Self.limit, loops: 1)
        let first = try Self.address("192.0.2.1")
        for _ in 0..<3 { #expect(limiter.admits(first, nowMs: 0) == true) }
        #expect(limiter.admits(first, nowMs: 0) == false)
        #expect(try limiter.admits(Self.address("192.0.2.2"), nowMs: 0) == true)
        for host in 1...3 { #expect(try limiter.admits(Self.address("2001:db8:0:1::\(host)"), nowMs: 0) == true) }
        #expect(try limiter.admits(Self.address("2001:db8:0:1::4"), nowMs: 0) == false)
        #expect(try limiter.admits(Self.address("2001:db8:0:2::4"), nowMs: 0) == true)
    }

    @Test func `each loop refills its share`() throws {
        var limiter = AddressLimiter(Self.limit, loops: 2)
        let address = try Self.address("192.0.2.1")
        for _ in 0..<3 { #expect(limiter.admits(address, nowMs: 0) == true) }
        #expect(limiter.admits(address, nowMs: 199) == false)
        #expect(limiter.admits(address, nowMs: 200) == true)
    }
}
