import Digests
import Domain
import HTTPWire
import NIOCore

/// Who is this, and may they?
extension Exchange {
    enum Authentication {
        case found
        case refused(ProblemCode)
        case unknown(SHA256Digest)
    }

    /// Finds the principal of the one credential in the head. A key whose checksum is wrong costs nothing but this.
    func authenticate(_ bytes: Span<UInt8>, _ route: CompiledRoute) -> Authentication {
        if let field = self.onlyCredentialField(bytes),
            let digest = self.presentedKey.digest(of: bytes.extracting(field.bounds), accepting: route.credentials),
            case .principal(let entry) = self.loop.keys.find(digest, wallMs: self.loop.wallMs),
            case .found = self.verdict(entry, route)
        {
            self.loop.counters.keyCacheHits += 1
            return .found
        }
        return self.authenticateAnew(bytes, route)
    }

    /// The `Authorization` line's value, where there is one and nothing else that could be a credential.
    private func onlyCredentialField(_ bytes: Span<UInt8>) -> ByteRange? {
        guard !self.loop.requestHead.fields.contains(.xAPIKey) else { return nil }
        let query = self.loop.requestHead.target.query
        if !query.isEmpty, QueryCredentials.firstValue(in: bytes.extracting(query.bounds)) != nil { return nil }
        return self.loop.requestHead.fields.only(.authorization)
    }

    private func authenticateAnew(_ bytes: Span<UInt8>, _ route: CompiledRoute) -> Authentication {
        let credential: HTTPWire.Credential
        do throws(CredentialError) {
            credential = try self.collectCredential(bytes, route)
        } catch {
            self.credentialError = error
            switch error {
            case .missing, .notAccepted, .inQuery: return .refused(.credentialsMissing)
            case .malformed: return .refused(.apiKeyInvalid)
            case .multiple: return .refused(.multipleCredentials)
            }
        }
        let loop = self.loop
        let digest: SHA256Digest? = credential.withKey(in: bytes) { key in
            loop.keys.isWellFormed(key) ? SHA256Digest(of: key) : nil
        }
        guard let digest else { return .refused(.apiKeyInvalid) }
        switch loop.keys.find(digest, wallMs: loop.wallMs) {
        case .principal(let entry):
            loop.counters.keyCacheHits += 1
            let verdict = self.verdict(entry, route)
            if case .found = verdict, let field = self.onlyCredentialField(bytes) {
                self.presentedKey.keep(
                    bytes.extracting(field.bounds), accepting: route.credentials, digest: digest)
            }
            // No admission compares the version of a key that is refused here: Redis is asked whether it is the current
            // one, so that a change back is met by the very next request too.
            guard case .refused = verdict, self.held == nil else { return verdict }
        case .unknown:
            return .refused(.apiKeyInvalid)
        case .notCached:
            loop.counters.keyCacheMisses += 1
        }
        // Kept for the look-up only: a hash that cannot be looked up needs the key's own bytes.
        self.keyToLookUp = credential.withKey(in: bytes) { key in key.indices.map { key[$0] } }
        return .unknown(digest)
    }

    private func verdict(_ entry: PrincipalEntry, _ route: CompiledRoute) -> Authentication {
        self.entry = entry
        if case .refused(let code) = self.checkStanding(entry) { return .refused(code) }
        return self.checkGates(route).map { .refused($0) } ?? .found
    }

    private func collectCredential(_ bytes: Span<UInt8>, _ route: CompiledRoute) throws(CredentialError)
        -> HTTPWire.Credential
    {
        var collector = CredentialCollector(accepting: route.credentials)
        for line in self.loop.requestHead.fields.lines {
            switch line.id {
            case .authorization:
                collector.authorization(bytes.extracting(line.value.bounds), at: line.value.start)
            case .xAPIKey:
                collector.apiKey(bytes.extracting(line.value.bounds), at: line.value.start)
            default:
                continue
            }
        }
        let query = self.loop.requestHead.target.query
        if !query.isEmpty { collector.query(bytes.extracting(query.bounds)) }
        return try collector.result()
    }

    /// The key's bytes, for its look-up; they are not kept here.
    func takeKeyToLookUp() -> [UInt8] {
        defer { self.keyToLookUp = [] }
        return self.keyToLookUp
    }

    func checkStanding(_ entry: PrincipalEntry) -> Authentication {
        // Field by field: a copy of the whole record counts up and down each of its texts.
        if entry.principal.key.status == .revoked { return .refused(.apiKeyRevoked) }
        let expiresAtMs = entry.principal.key.expiresAtMs
        if expiresAtMs > 0, expiresAtMs <= self.loop.wallMs { return .refused(.apiKeyExpired) }
        guard entry.mayBeUsed(from: self.request.client) else { return .refused(.ipNotAllowed) }
        let orgExpiresAtMs = entry.principal.org.expiresAtMs
        if orgExpiresAtMs > 0, orgExpiresAtMs <= self.loop.wallMs { return .refused(.organizationSuspended) }
        switch entry.principal.org.status {
        case .active: return .found
        case .suspended: return .refused(.organizationSuspended)
        case .deleted: return .refused(.apiKeyInvalid)
        }
    }

    /// Scopes and features, judged once per principal and route.
    func checkGates(_ route: CompiledRoute) -> ProblemCode? {
        guard let entry else { return .credentialsMissing }
        let grant = entry.grant(for: route, in: self.loop)
        self.grant = grant
        return grant.refusal
    }

    /// The address the request came from: the peer's, or what trusted proxies say (PX-10).
    func noteClient(_ bytes: Span<UInt8>) {
        guard let peer = self.handler?.peer else { return }
        self.request.client = peer
        guard !self.loop.trustedProxies.isEmpty else { return }
        var forwarded = ForwardedFor(peer: peer, trusted: self.loop.trustedProxies)
        self.request.peerIsTrusted = forwarded.believesPeer
        guard forwarded.believesPeer else { return }
        for line in self.loop.requestHead.fields.lines.reversed() where line.id == .xForwardedFor {
            forwarded.readLine(bytes.extracting(line.value.bounds))
        }
        self.request.client = forwarded.client
    }
}
