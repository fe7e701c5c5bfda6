public import PostgresClient

/// Answers of the admin API to requests with an Idempotency-Key. Used within the transaction of the effect, so that
/// either both are there or neither is.
public struct AdminReplays: Sendable {
    private let session: PostgresSession

    /// In a transaction.
    public init(_ session: PostgresSession) { self.session = session }

    /// An answer.
    public struct Stored: Sendable, Hashable {
        /// Of the request that was answered, 64 lower-case hex digits.
        public var fingerprint: String
        /// 200 to 299.
        public var status: Int
        /// The `Location` field.
        public var location: String?
        /// 16 bytes that the body is sealed with.
        public var nonce: [UInt8]
        /// Sealed.
        public var body: [UInt8]

        /// An answer.
        public init(fingerprint: String, status: Int, location: String?, nonce: [UInt8], body: [UInt8]) {
            self.fingerprint = fingerprint
            self.status = status
            self.location = location
            self.nonce = nonce
            self.body = body
        }
    }

    /// Takes the key until the transaction ends.
    /// - Returns: false while another request holds it.
    public func claim(_ key: String, of actor: String) async throws -> Bool {
        try await self.session.ask(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(\(actor) || chr(10) || \(key), 9120)) AS mine"
        ).only()["mine"]
    }

    /// What was answered before.
    public func find(_ key: String, of actor: String) async throws -> Stored? {
        try await self.session.ask(
            """
            SELECT fingerprint, status, location, nonce, body FROM admin_replays
            WHERE actor = \(actor) AND key = \(key) AND expires_at > now()
            """
        ).first.map { row in
            Stored(
                fingerprint: try row["fingerprint"], status: try row["status"], location: try row["location"],
                nonce: try row["nonce"], body: try row["body"])
        }
    }

    /// Keeps an answer for a day, and forgets a few that are older.
    public func keep(_ answer: Stored, for key: String, of actor: String) async throws {
        try await self.session.ask(
            """
            DELETE FROM admin_replays WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM admin_replays WHERE expires_at <= now() LIMIT 10 FOR UPDATE SKIP LOCKED))
            """)
        try await self.session.ask(
            """
            INSERT INTO admin_replays (actor, key, fingerprint, status, location, nonce, body)
            VALUES (\(actor), \(key), \(answer.fingerprint), \(answer.status), \(answer.location), \(answer.nonce),
                \(answer.body))
            ON CONFLICT (actor, key) DO UPDATE SET fingerprint = EXCLUDED.fingerprint, status = EXCLUDED.status,
                location = EXCLUDED.location, nonce = EXCLUDED.nonce, body = EXCLUDED.body,
                created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at
            """)
    }
}
