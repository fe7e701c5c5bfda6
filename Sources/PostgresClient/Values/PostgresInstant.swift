import Glibc

/// A point in time as PostgreSQL keeps it: whole microseconds, UTC.
public struct PostgresInstant: Hashable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var unixMicroseconds: Int64

    /// Makes an instant from microseconds since 1970.
    public init(unixMicroseconds: Int64) { self.unixMicroseconds = unixMicroseconds }

    /// Makes an instant from seconds since 1970.
    public init(unixSeconds: Int64) { self.unixMicroseconds = unixSeconds * 1_000_000 }

    /// PostgreSQL's `infinity`.
    public static let distantFuture = PostgresInstant(unixMicroseconds: .max)
    /// PostgreSQL's `-infinity`.
    public static let distantPast = PostgresInstant(unixMicroseconds: .min)

    /// This machine's wall clock.
    public static var now: PostgresInstant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return PostgresInstant(unixMicroseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// The instant `duration` later; less than a microsecond is cut off, and infinities stay.
    public func advanced(by duration: Duration) -> PostgresInstant {
        guard self != .distantFuture, self != .distantPast else { return self }
        let (seconds, attoseconds) = duration.components
        return PostgresInstant(
            unixMicroseconds: self.unixMicroseconds + seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// Microseconds between 1970 and 2000, where PostgreSQL counts from.
    private static let epochOffset: Int64 = 946_684_800_000_000
}

extension PostgresInstant: Comparable {
    /// Earlier is less.
    public static func < (left: PostgresInstant, right: PostgresInstant) -> Bool {
        left.unixMicroseconds < right.unixMicroseconds
    }
}

extension PostgresInstant: PostgresArrayElement {
    /// `timestamptz`.
    public static var postgresType: PostgresType { .timestamptz }
    /// `timestamptz[]`.
    public static var postgresArrayType: PostgresType { .timestamptzArray }
    /// Microseconds since 2000; the extremes stand for the infinities.
    public func encodePostgres(into bytes: inout [UInt8]) -> Bool {
        let (since2000, overflow) = self.unixMicroseconds.subtractingReportingOverflow(Self.epochOffset)
        bytes.appendBigEndian(self == .distantFuture ? .max : overflow ? .min : since2000)
        return true
    }
}

extension PostgresInstant: PostgresDecodable {
    /// Reads timestamptz.
    public init(postgres cell: PostgresCell) throws(PostgresError) {
        guard cell.type == .timestamptz else { throw cell.mismatch(PostgresInstant.self) }
        let since2000 = try cell.integer(Int64.self)
        if since2000 == .max || since2000 == .min {
            self = since2000 == .max ? .distantFuture : .distantPast
        } else {
            self.init(unixMicroseconds: since2000 + Self.epochOffset)
        }
    }
}
