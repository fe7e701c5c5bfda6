import Digests
import Domain
import HTTPWire
import NIOCore

/// The request's `Idempotency-Key`, on routes that honour it (STANDARDS §1).
extension Exchange {
    enum KeyReading {
        case unkeyed
        /// There is a key, and the body that belongs to its fingerprint is not complete yet.
        case gather
        case gathered
        case refused(ProblemCode)
    }

    func readKey(_ bytes: Span<UInt8>, _ route: CompiledRoute) -> KeyReading {
        self.keyed = nil
        guard let policy = route.idempotency, self.entry != nil, route.honoursKey(of: self.request.method) else {
            return .unkeyed
        }
        let lines = self.loop.requestHead.fields.count(of: .idempotencyKey)
        guard lines > 0, let line = self.loop.requestHead.fields.first(.idempotencyKey) else {
            return policy.required ? .refused(.idempotencyKeyMissing) : .unkeyed
        }
        let value = bytes.extracting(line.value.bounds)
        let key: IdempotencyKeyValue
        do throws(IdempotencyKeyError) {
            key = try IdempotencyKeyValue(value, lines: lines)
        } catch {
            return .refused(.idempotencyKeyInvalid)
        }
        if case .length(let length) = self.request.framing, length > policy.requestBytesMax {
            return .refused(.idempotencyBodyTooLarge)
        }
        if self.request.framing.mayHaveContent, !(self.held?.isGathered ?? false) { return .gather }
        let digest = key.withKey(in: value) { SHA256Digest(of: $0) }
        self.keyed = KeyedRequest(
            key: digest, fingerprint: self.fingerprint(bytes, policy), owner: self.loop.random.next(),
            codings: self.acceptedCodings(bytes))
        return .gathered
    }

    private func acceptedCodings(_ bytes: Span<UInt8>) -> AcceptedCodings {
        var codings = AcceptedCodings()
        for line in self.loop.requestHead.fields.lines where line.id == .acceptEncoding {
            codings.readLine(bytes.extracting(line.value.bounds))
        }
        return codings
    }

    /// SHA-256 over the parts that make two requests the same one, each with its length before it, so that no two
    /// different lists of parts have the same bytes.
    private func fingerprint(_ bytes: Span<UInt8>, _ policy: IdempotencyPolicy) -> SHA256Digest {
        var hasher = SHA256Hasher()
        func add(_ part: Span<UInt8>) {
            hasher.update(bigEndian: UInt64(part.count))
            hasher.update(part)
        }
        add(bytes.extracting(self.loop.requestHead.methodRange.bounds))
        add(bytes.extracting(self.loop.requestHead.target.pathAndQuery.bounds))
        let type = self.loop.requestHead.fields.first(.contentType)?.value ?? ByteRange()
        var end = type.start
        while end < type.end, bytes[end] != UInt8(ascii: ";"), bytes[end] != 0x20 { end += 1 }
        add(bytes.extracting(type.start..<end))
        for name in policy.fingerprintHeaders {
            for line in self.loop.requestHead.fields.lines
            where bytes.extracting(line.name.bounds).equalsIgnoringCase(name.utf8.span) {
                add(bytes.extracting(line.value.bounds))
            }
            hasher.update(bigEndian: .max)
        }
        let body = self.held?.body ?? ByteBuffer()
        add(body.readableBytesUInt8Span)
        return hasher.finish()
    }
}
