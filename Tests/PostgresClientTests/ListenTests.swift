import PostgresClient
import TestKit
import Testing

@Suite struct `LISTEN` {
    private func next(_ events: inout PostgresNotifications.AsyncIterator) async -> PostgresNotification? {
        await events.next()
    }

    @Test func `what is notified arrives in order, payload and all`() async throws {
        let pool = try await freshPool()
        var events = pool.notifications(on: "Outbox; DROP", "other").makeAsyncIterator()
        #expect(await next(&events) == .listening)
        for number in 0..<50 { try await pool.query("SELECT pg_notify('Outbox; DROP', \("n\(number) 'ü'"))") }
        try await pool.query("NOTIFY other")
        for number in 0..<50 {
            #expect(await next(&events) == .message(channel: "Outbox; DROP", payload: "n\(number) 'ü'"))
        }
        #expect(await next(&events) == .message(channel: "other", payload: ""))
    }

    @Test func `a notification of a rolled back transaction never arrives`() async throws {
        let pool = try await freshPool()
        var events = pool.notifications(on: "c").makeAsyncIterator()
        #expect(await next(&events) == .listening)
        try? await pool.withTransaction { session in
            try await session.query("NOTIFY c, 'never'")
            throw CancellationError()
        }
        try await pool.query("NOTIFY c, 'real'")
        #expect(await next(&events) == .message(channel: "c", payload: "real"))
    }

    @Test func `a listener survives a restart of the server and says that it may have missed some`() async throws {
        let server = try TestPostgres.start()
        let pool = try await server.createDatabase().pool()
        var events = pool.notifications(on: "c").makeAsyncIterator()
        #expect(await next(&events) == .listening)
        server.kill()
        guard case .interrupted = await events.next() else {
            Issue.record("the loss was not told")
            return
        }
        try server.restart()
        var event = await events.next()
        while case .interrupted = event { event = await events.next() }
        #expect(event == .listening)
        try await pool.query("NOTIFY c, 'after'")
        #expect(await next(&events) == .message(channel: "c", payload: "after"))
    }

    @Test func `cancelling the task ends the sequence`() async throws {
        let pool = try await freshPool()
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            var seen = 0
            for await _ in pool.notifications(on: "c") {
                seen += 1
                signal.yield()
            }
            return seen
        }
        for await _ in started { break }
        task.cancel()
        #expect(await task.value == 1)
    }
}
