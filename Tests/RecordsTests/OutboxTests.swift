import PostgresClient
import Synchronization
import TestKit
import Testing

@testable import Records

@Suite struct `The outbox` {
    struct Refusal: Error, Equatable {}

    @Test func `entries come in order, once, and only after the commit`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        for _ in 0..<20 { _ = try await pool.newKey(of: org) }
        try? await pool.withTransaction { session in
            _ = try await Orgs(session).setStatus(.suspended, of: org.id)
            throw Refusal()
        }
        #expect(try await Outbox(pool).backlog().count == 20)
        let entries = try await drained(pool)
        #expect(entries.map(\.id) == entries.map(\.id).sorted())
        #expect(entries.map(\.version) == (2...21).map { Int64($0) })
        #expect(try await Outbox(pool).backlog().count == 0)
        #expect(try await Outbox(pool).prune(publishedBefore: .now.advanced(by: .seconds(-3600))) == 0)
        #expect(try await Outbox(pool).prune(publishedBefore: .distantFuture) == 20)
    }

    @Test func `entries that could not be published stay`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        _ = try await pool.newKey(of: org)
        await #expect(throws: Refusal()) { _ = try await Outbox(pool).drain { _ in throw Refusal() } }
        #expect(try await drained(pool).count == 1)
    }

    @Test func `several publishers share the work and none is published twice`() async throws {
        let pool = try await freshRecords(connectionsMax: 6)
        let (_, org) = try await pool.signedUp()
        for _ in 0..<60 { _ = try await pool.newKey(of: org) }
        final class Seen: Sendable { let ids = Mutex<[Int64]>([]) }
        let seen = Seen()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while try await Outbox(pool).backlog().count > 0 {
                        _ = try await Outbox(pool).drain(limit: 5) { entries in
                            seen.ids.withLock { $0 += entries.map(\.id) }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let ids = seen.ids.withLock { $0 }
        #expect(ids.count == 60)
        #expect(Set(ids).count == 60)
    }

    @Test func `a listener is woken by every change`() async throws {
        let pool = try await freshRecords()
        let (_, org) = try await pool.signedUp()
        var events = pool.notifications(on: Outbox.channel).makeAsyncIterator()
        let first = await events.next()
        #expect(first == .listening)
        _ = try await pool.newKey(of: org)
        let second = await events.next()
        #expect(second == .message(channel: Outbox.channel, payload: ""))
    }
}
