import Digests
import Domain
import HTTPWire
import NIOCore

/// What one loop knows of API keys: principals by digest, keys that do not exist, and look-ups under way (one for each
/// digest, however many requests wait for it). Everything is bounded. Cached principals are never trusted by
/// themselves: every admission compares their version with Redis's.
final class KeyCache {
    enum Found {
        case principal(PrincipalEntry)
        /// Known not to exist, a moment ago.
        case unknown
        case notCached
    }

    private let format: KeyFormat
    private let brand: String
    private let fallback: KeyFallback?
    private let negativeTtlMs: Int
    private var loop: EdgeLoop?
    private var principals: GenerationCache<SHA256Digest, PrincipalEntry>
    /// Digest → Unix milliseconds until which it counts as unknown.
    private var unknown: GenerationCache<SHA256Digest, Int>
    private var lookups: [LookupName: KeyLookup] = [:]
    /// What plans grant, by code: orgs on one plan share one copy.
    private var grants: [String: PlanGrants] = [:]

    /// Requests that wait differently for Redis do not wait for one another.
    private struct LookupName: Hashable {
        let digest: SHA256Digest
        let deadlineMs: Int?
    }

    /// Look-ups that one loop has under way; a request beyond is told to come back.
    private static let lookupsMax = 4_096
    private static let grantsMax = 256

    init(_ configuration: Configuration, fallback: KeyFallback?) {
        let settings = configuration.edge.keyCache
        self.brand = configuration.keys.brand
        self.format = KeyFormat(brand: configuration.keys.brand)
        self.fallback = fallback
        self.negativeTtlMs = settings.negativeTtlMs
        self.principals = GenerationCache(capacity: settings.entriesMax)
        self.unknown = GenerationCache(capacity: settings.negativeEntriesMax)
    }

    func attach(to loop: EdgeLoop) { self.loop = loop }

    /// Whether a key can be one at all. A key of our own form must have the right checksum, so that a mistyped one is
    /// refused without a look-up (AK-1); keys brought over from another system have other forms.
    func isWellFormed(_ key: Span<UInt8>) -> Bool {
        guard key.count > self.brand.utf8.count, self.hasOurBrand(key) else { return key.count >= 16 }
        return self.format.check(key) != nil
    }

    private func hasOurBrand(_ key: Span<UInt8>) -> Bool {
        var index = 0
        for byte in self.brand.utf8 {
            if key[index] != byte { return false }
            index += 1
        }
        return key[index] == UInt8(ascii: "_")
    }

    func find(_ digest: SHA256Digest, wallMs: Int) -> Found {
        if let entry = self.principals.find(digest) { return .principal(entry) }
        if let until = self.unknown.find(digest), until > wallMs { return .unknown }
        return .notCached
    }

    /// Looks the digest up for `exchange`, which hears through `principalResolved` or a refusal.
    func lookUp(_ digest: SHA256Digest, key: [UInt8], for exchange: Exchange) {
        guard let loop else { return }
        let store = exchange.store
        let name = LookupName(digest: digest, deadlineMs: store.deadlineMs)
        let known = self.lookups[name]
        // What has waited for Redis longer than those who asked first asks by itself.
        if let known, exchange.storeWait.spentNs <= known.wait.spentNs {
            known.waiters.append(exchange)
            return
        }
        guard self.lookups.count < Self.lookupsMax else { return exchange.refuse(.overloaded) }
        let lookup = KeyLookup(
            digest: digest, key: key, doubted: self.principals.find(digest), loop: loop, cache: self,
            fallback: self.fallback, store: store, wait: exchange.storeWait)
        lookup.waiters.append(exchange)
        if known == nil { self.lookups[name] = lookup }
        lookup.start()
    }

    /// An admission said that the entry's version is not the current one: it is read again.
    func forget(_ entry: PrincipalEntry) {
        // Another request may have read it again already.
        if self.principals.find(entry.digest) === entry { self.principals.remove(entry.digest) }
    }

    func forgetAll() {
        self.principals.removeAll()
        self.unknown.removeAll()
    }

    // MARK: For a look-up

    private func ended(_ lookup: KeyLookup) {
        let name = LookupName(digest: lookup.digest, deadlineMs: lookup.store.deadlineMs)
        if self.lookups[name] === lookup { self.lookups[name] = nil }
        lookup.endWait()
        for exchange in lookup.waiters { exchange.storeWait = StoreWait(spentNs: lookup.wait.spentNs) }
    }

    func found(_ principal: Principal, for lookup: KeyLookup) {
        guard let loop else { return }
        self.ended(lookup)
        let entry = PrincipalEntry(self.sharing(principal), digest: lookup.digest, routes: loop.routes.count)
        self.principals.insert(entry, for: lookup.digest)
        for exchange in lookup.waiters { exchange.principalResolved() }
    }

    private func sharing(_ principal: Principal) -> Principal {
        guard let grants = principal.org.grants else { return principal }
        if let known = self.grants[principal.org.plan], known == grants {
            var shared = principal
            shared.org.grants = known
            return shared
        }
        if self.grants.count >= Self.grantsMax { self.grants.removeAll() }
        self.grants[principal.org.plan] = grants
        return principal
    }

    /// What is cached is what Redis has.
    func isCurrent(_ lookup: KeyLookup) {
        self.ended(lookup)
        for exchange in lookup.waiters { exchange.principalResolved() }
    }

    func doesNotExist(_ lookup: KeyLookup) {
        guard let loop else { return }
        self.ended(lookup)
        self.principals.remove(lookup.digest)
        self.unknown.insert(loop.wallMs + self.negativeTtlMs, for: lookup.digest)
        for exchange in lookup.waiters { exchange.principalResolved() }
    }

    func failed(_ lookup: KeyLookup, _ code: ProblemCode) {
        self.ended(lookup)
        for exchange in lookup.waiters { exchange.lookupFailed(code) }
    }
}
