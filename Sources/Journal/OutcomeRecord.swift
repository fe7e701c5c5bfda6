import Domain

/// A settlement as bytes, little-endian: kind u8, environment u8 (0 live, 1 test), whether the claim may be repeated u8,
/// status u16, then u64 each of claim ms, keep ms and length, then texts with their length u32 before them: org, API key,
/// digest of the key, fingerprint, owner, request id, and what the kind needs (headers and body, SHA-256, or slug).
enum OutcomeRecord {
    private enum Kind: UInt8 { case completed = 1, unreplayable, failed, released }

    private static let magic = Array("TLGOUTC1".utf8)
    /// Larger lengths are damage.
    static let bytesMax = 1 << 30

    static func framed(_ payload: [UInt8]) -> [UInt8] {
        var framed = OutcomeBytes()
        framed.bytes.reserveCapacity(payload.count + 8)
        framed.number(UInt32(clamping: payload.count))
        framed.number(Self.checksum(payload[...]))
        return framed.bytes + payload
    }

    static func checksum(_ payload: ArraySlice<UInt8>) -> UInt32 {
        var checksum = Checksum()
        payload.withUnsafeBufferPointer { bytes in
            let span = Span<UInt8>(_unsafeElements: bytes)
            checksum.update(span, count: span.count)
        }
        return checksum.value
    }

    static func head(_ deployment: String) -> [UInt8] { Self.magic + Array(deployment.utf8) }

    static func deployment(_ head: ArraySlice<UInt8>) -> String? {
        guard head.starts(with: Self.magic) else { return nil }
        return String(decoding: head.dropFirst(Self.magic.count), as: UTF8.self)
    }

    /// nil for what is not kept: that a request still runs means nothing once its gateway is dead.
    static func bytes(of settlement: DurableSettlement) -> [UInt8]? {
        let claim = settlement.claim
        var (kind, status, length) = (Kind.released, 0, 0)
        var texts: [[UInt8]] = []
        switch settlement.ending {
        case .prolong: return nil
        case .release: break
        case .store(.response(let code, let headers, let body)):
            (kind, status, texts) = (.completed, code, [headers, body])
        case .store(.unreplayable(let code, let count, let sha256)):
            (kind, status, length, texts) = (.unreplayable, code, count, [sha256])
        case .store(.failure(let code, let slug)): (kind, status, texts) = (.failed, code, [Array(slug.utf8)])
        }
        var record = OutcomeBytes()
        record.bytes.reserveCapacity(settlement.byteCount + 256)
        record.bytes += [kind.rawValue, claim.environment == .live ? 0 : 1, claim.mayRepeat ? 1 : 0]
        record.number(UInt16(clamping: status))
        for number in [claim.claimMs, claim.keepMs, length] { record.number(UInt64(clamping: number)) }
        record.text(Array(claim.orgID.utf8))
        record.text(Array(claim.apiKeyID.utf8))
        for text in [
            claim.request.keyDigest, claim.request.fingerprint, claim.request.owner, claim.request.requestID,
        ] + texts { record.text(text) }
        return record.bytes
    }

    static func settlement(_ record: ArraySlice<UInt8>) -> DurableSettlement? {
        var rest = OutcomeRest(record)
        guard let kind = rest.byte().flatMap(Kind.init(rawValue:)), let environment = rest.byte(),
            let mayRepeat = rest.byte(), let status = rest.number(UInt16.self), let claimMs = rest.number(UInt64.self),
            let keepMs = rest.number(UInt64.self), let length = rest.number(UInt64.self), let org = rest.text(),
            let apiKey = rest.text(), let digest = rest.text(), let fingerprint = rest.text(), let owner = rest.text(),
            let requestID = rest.text()
        else { return nil }
        let ending: DurableSettlement.Ending
        switch kind {
        case .released: ending = .release
        case .completed:
            guard let headers = rest.text(), let body = rest.text() else { return nil }
            ending = .store(.response(status: Int(status), headers: headers, body: body))
        case .unreplayable:
            guard let sha256 = rest.text() else { return nil }
            ending = .store(.unreplayable(status: Int(status), length: Int(clamping: length), sha256: sha256))
        case .failed:
            guard let slug = rest.text() else { return nil }
            ending = .store(.failure(status: Int(status), slug: String(decoding: slug, as: UTF8.self)))
        }
        return DurableSettlement(
            claim: DurableClaim(
                orgID: String(decoding: org, as: UTF8.self), environment: environment == 0 ? .live : .test,
                apiKeyID: String(decoding: apiKey, as: UTF8.self),
                request: ClaimRequest(keyDigest: digest, fingerprint: fingerprint, owner: owner, requestID: requestID),
                claimMs: Int(clamping: claimMs), keepMs: Int(clamping: keepMs), mayRepeat: mayRepeat == 1),
            ending: ending)
    }
}

/// Bytes that grow.
private struct OutcomeBytes {
    var bytes: [UInt8] = []

    mutating func number<Number: FixedWidthInteger>(_ value: Number) {
        for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
            self.bytes.append(UInt8(truncatingIfNeeded: value >> Number(shift)))
        }
    }

    mutating func text(_ text: [UInt8]) {
        self.number(UInt32(clamping: text.count))
        self.bytes += text
    }
}

/// Bytes that shrink.
private struct OutcomeRest {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.rest = bytes }

    mutating func byte() -> UInt8? { self.rest.popFirst() }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_ type: Number.Type) -> Number? {
        let count = Number.bitWidth / 8
        guard self.rest.count >= count else { return nil }
        defer { self.rest = self.rest.dropFirst(count) }
        return self.rest.prefix(count).reversed().reduce(0) { $0 << 8 | Number($1) }
    }

    mutating func text() -> [UInt8]? {
        guard let count = self.number(UInt32.self), self.rest.count >= Int(count) else { return nil }
        defer { self.rest = self.rest.dropFirst(Int(count)) }
        return Array(self.rest.prefix(Int(count)))
    }
}

/// The records of a file, one after another, up to the first that is not whole.
struct OutcomeReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    mutating func next() -> ArraySlice<UInt8>? {
        var head = OutcomeRest(self.bytes.prefix(8))
        guard let length = head.number(UInt32.self), let checksum = head.number(UInt32.self), length > 0,
            length <= OutcomeRecord.bytesMax, self.bytes.count >= 8 + Int(length)
        else { return nil }
        let payload = self.bytes.dropFirst(8).prefix(Int(length))
        guard OutcomeRecord.checksum(payload) == checksum else { return nil }
        self.bytes = self.bytes.dropFirst(8 + Int(length))
        return payload
    }
}
