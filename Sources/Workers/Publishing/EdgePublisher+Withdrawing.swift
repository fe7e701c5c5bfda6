import Domain
import HotStore
import Records
import RedisClient

extension EdgePublisher {
    /// Keys that were withdrawn, and whose they are.
    struct Withdrawn {
        var count = 0
        var orgIDs: Set<String> = []

        static func += (left: inout Withdrawn, right: Withdrawn) {
            left.count += right.count
            left.orgIDs.formUnion(right.orgIDs)
        }
    }

    private static let orgsInStep = 500
    private static let unusableInStep = 2_000
    /// So many steps are gone before the versions of what changed last are told; the rest is withdrawn after them.
    private static let unusableStepsMax = 50

    /// Withdraws what Redis holds and the records do not grant (any more): keys that are revoked, expired or gone, and orgs
    /// that are deleted or gone. An older file of Redis brings such back. What the records grant is published elsewhere.
    ///
    /// Redis is read before the records. So a version there that is higher than the records' tells of a database that was
    /// put back; the records' is raised above it, because the edge would hold on to the other.
    ///
    /// Last of all, when nothing of them is left to withdraw, the orgs of those keys get another version.
    ///
    /// - Returns: how many were withdrawn.
    public func withdraw() async throws -> Int {
        if let version = try await self.publisher.systemVersion(), try await self.records.system().version < version {
            try await self.records.raiseSystem(above: version)
        }
        var withdrawn = Withdrawn()
        for server in await self.redis.servers { withdrawn += try await self.withdraw(from: server) }
        let orgIDs = withdrawn.orgIDs.sorted()
        for start in stride(from: 0, to: orgIDs.count, by: Self.orgsInStep) {
            let some = Array(orgIDs[start..<min(orgIDs.count, start + Self.orgsInStep)])
            let raised = try await self.raiseVersions(of: some, always: true)
            if !raised.isEmpty { try await self.publishWaiting(for: raised) }
        }
        return withdrawn.count
    }

    private func withdraw(from server: RedisConfiguration.Endpoint) async throws -> Withdrawn {
        var withdrawn = Withdrawn()
        var cursor = "0"
        repeat {
            let names: [Keyspace.RecordName]
            (names, cursor) = try await self.publisher.scan(from: cursor, of: server)
            var keys: Set<String> = []
            var orgs: Set<String> = []
            for name in names {
                switch name {
                case .key(let hash): keys.insert(hash)
                case .org(let id): orgs.insert(id)
                }
            }
            withdrawn += try await self.withdraw(keys: keys)
            withdrawn.count += try await self.withdraw(orgs: orgs)
        } while cursor != "0"
        return withdrawn
    }

    /// Withdraws keys of these orgs that the records know and do not grant, whenever they changed.
    func withdrawKeys(ofOrgs ids: [String]) async throws -> Withdrawn {
        var withdrawn = Withdrawn()
        var last: EdgeRecords.KeyPlace?
        for _ in 0..<Self.unusableStepsMax {
            let keys = try await self.records.unusableKeys(ofOrgs: ids, after: last, limit: Self.unusableInStep)
            withdrawn += try await self.withdraw(keys: Set(keys.map(\.hash)))
            guard keys.count == Self.unusableInStep else { break }
            last = keys.last
        }
        return withdrawn
    }

    private func withdraw(keys hashes: Set<String>) async throws -> Withdrawn {
        var withdrawn = Withdrawn()
        guard !hashes.isEmpty else { return withdrawn }
        let suspects = hashes.subtracting(try await self.records.usable(keyHashes: hashes.sorted()))
        guard !suspects.isEmpty else { return withdrawn }
        let stored = try await self.publisher.keys(suspects.sorted())
        guard !stored.isEmpty else { return withdrawn }
        let records = try await self.records.find(keyHashes: stored.keys.sorted())
        let known = Dictionary(records.map { ($0.key.material.hash, $0) }) { first, _ in first }
        for (hash, key) in stored {
            if let record = known[hash] {
                guard key.record != record.key.record else { continue }
                try await self.replace(record, above: key.version)
            } else {
                guard key.record.status != .revoked else { continue }
                try await self.bury(
                    sha256Hex: hash, keyID: key.record.keyID, orgID: key.record.orgID, version: key.version)
            }
            withdrawn.count += 1
            withdrawn.orgIDs.insert(key.record.orgID)
        }
        return withdrawn
    }

    /// Publishes a key; its org's version comes when all of its keys are right.
    private func replace(_ record: EdgeRecord, above version: Int64) async throws {
        var records = [record]
        if version > record.org.version {
            try await self.records.raise(orgID: record.org.orgID, above: version)
            records = try await self.records.find(keyIDs: [record.key.record.keyID])
        }
        try await self.publisher.publish(Self.published(records.map { ($0.key, $0.org.version) }))
    }

    private func withdraw(orgs ids: Set<String>) async throws -> Int {
        guard !ids.isEmpty else { return 0 }
        let stored = try await self.publisher.orgs(ids.sorted())
        let versions = try await self.records.versions(ofOrgs: ids.sorted())
        var deleted: [String] = []
        for (id, org) in stored {
            guard let known = versions[id] else { continue }
            if known.version < org.version { try await self.records.raise(orgID: id, above: org.version) }
            if known.isDeleted, org.status != .deleted { deleted.append(id) }
        }
        // One more than what gateways have cached, so that they look again.
        let gone = stored.filter { versions[$0.key] == nil && $0.value.status != .deleted }.map { id, org in
            OrgRecord(orgID: id, plan: "", status: .deleted, version: org.version + 1)
        }
        try await self.publisher.publish(try await self.records.orgs(deleted) + gone, word: Self.word)
        return deleted.count + gone.count
    }

    /// Raises versions of orgs whose keys have just been put right, where Redis has reached them: an edge that has read an
    /// older record of a key beside that version would hold on to it. A raised version waits in the outbox.
    ///
    /// - Parameter always: also where Redis has not, so that all of these orgs can be told at once.
    /// - Returns: those with a version that waits.
    func raiseVersions(of orgIDs: [String], always: Bool = false) async throws -> [String] {
        guard !orgIDs.isEmpty else { return [] }
        // After the keys were written: whoever reads an org's version later reads those.
        let stored = try await self.publisher.orgs(orgIDs)
        var raised: [String] = []
        for (id, known) in try await self.records.versions(ofOrgs: orgIDs) {
            let passed = stored[id]?.version ?? 0
            guard always || known.version <= passed else { continue }
            try await self.records.raise(orgID: id, above: max(known.version, passed))
            raised.append(id)
        }
        return raised.sorted()
    }
}
