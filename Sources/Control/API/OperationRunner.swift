import Digests
import Domain
import HTTPTypes
import Hummingbird
import NIOCore
import PostgresClient
import Records

/// Runs one operation for a request: checks everything that its declaration says, then calls it, changes in one
/// transaction with their audit entries and the answer that an Idempotency-Key repeats.
struct OperationRunner: Sendable {
    let operation: Operation
    let stores: AdminStores

    func respond(_ request: Request, _ context: AdminContext) async throws -> Response {
        let path = try self.path(context)
        guard let caller = context.caller ?? (self.operation.access == .anyone ? .operator(id: "anyone") : nil) else {
            throw AdminProblem(.credentialsMissing)
        }
        try self.operation.access.check(caller, path: path)
        try Accepting.check(request.headers, self.operation.answer.mediaTypes)
        let headers = try RequestHeaders(request.headers, of: self.operation)
        let query = try QueryReader.read(request.uri.query, self.operation.allQuery)
        let body = try await BodyReader.read(request, self.operation.body)
        let draft = Draft(
            caller: caller, path: path, query: query, body: body.value, ifMatch: headers.ifMatch, context: context)
        guard self.operation.isChange else {
            return try await self.operation.run(self.call(draft, self.stores.pool, ChangeList())).response
        }
        guard let key = headers.idempotencyKey else { return try await self.change(draft).response }
        let replay = Replay(
            key: key, caller: caller.tokenID, secret: context.secret,
            fingerprint: Replay.fingerprint(self.operation.method, request.uri.string, body.bytes))
        let (reply, isReplay) = try await self.change(draft, replay)
        var response = reply.response
        if isReplay { response.headers[.idempotentReplayed] = "true" }
        return response
    }

    /// What is known of a call before its transaction begins.
    private struct Draft: Sendable {
        let caller: Caller
        let path: [String: String]
        let query: [String: JSON]
        let body: JSON
        let ifMatch: String?
        let context: AdminContext
    }

    /// Parameters of the path. One of the wrong form names nothing that exists.
    private func path(_ context: AdminContext) throws -> [String: String] {
        var values: [String: String] = [:]
        for name in self.operation.pathParameters {
            guard let raw = context.parameters.get(name), let value = PercentCoding.decode(raw),
                let rule = PathParameters.rules[name]?.rule, rule.complaint(value) == nil
            else { throw AdminProblem(.resourceNotFound) }
            values[name] = value
        }
        return values
    }

    private func call(_ draft: Draft, _ database: any RecordsDatabase, _ changes: ChangeList) async throws -> Call {
        Call(
            operation: self.operation, stores: self.stores, caller: draft.caller, path: draft.path, query: draft.query,
            body: draft.body, ifMatch: draft.ifMatch, database: database, org: try await self.org(draft, database),
            changes: changes)
    }

    /// The org of the path; changes hold its row, so that they follow one another.
    private func org(_ draft: Draft, _ database: any RecordsDatabase) async throws -> Org? {
        guard let id = draft.path["org"] else { return nil }
        let found = try await Orgs(database).find(id, holding: self.operation.isChange)
        let isVisible = found.map {
            $0.deletedAt == nil || (self.operation.seesDeletedOrgs && draft.caller.isOperator)
        }
        guard let found, isVisible == true else { throw AdminProblem(.resourceNotFound) }
        return found
    }

    // MARK: Changes

    private func change(_ draft: Draft) async throws -> Reply {
        let (reply, changes) = try await self.stores.pool.withTransaction { session in
            try await self.change(draft, session)
        }
        await self.published(changes)
        return reply
    }

    private func change(_ draft: Draft, _ replay: Replay) async throws -> (Reply, isReplay: Bool) {
        let (reply, changes) = try await self.stores.pool.withTransaction { session in
            if let stored = try await replay.find(session) { return (stored, ChangeList?.none) }
            let (reply, changes) = try await self.change(draft, session)
            try await replay.keep(reply, session)
            return (reply, changes)
        }
        guard let changes else { return (reply, true) }
        await self.published(changes)
        return (reply, false)
    }

    private func change(_ draft: Draft, _ session: PostgresSession) async throws -> (Reply, ChangeList) {
        let changes = ChangeList()
        let reply = try await self.operation.run(self.call(draft, session, changes))
        // Last, because entries wait for one another.
        for change in changes.all {
            try await AuditLog(session).append(
                NewAuditEntry(
                    id: NewID.make("aud_"), orgID: change.orgID, actor: draft.caller.name, action: change.action,
                    target: change.target, before: change.before?.encoded, after: change.after?.encoded,
                    ip: draft.context.address, requestID: draft.context.requestID))
        }
        return (reply, changes)
    }

    /// Committed: the edge is to know before the caller does.
    private func published(_ changes: ChangeList) async {
        guard !changes.all.isEmpty else { return }
        // A change without an org may concern all of them.
        let isWide = changes.all.contains { $0.orgID == nil }
        await self.stores.publish(isWide ? nil : Set(changes.all.compactMap(\.orgID)).sorted())
    }
}
