import NIOCore

/// One limit as it is advertised: its item of `RateLimit-Policy`, rendered once and appended to every answer.
public struct RateLimitPolicy: Sendable {
    /// The largest Structured Field Integer, 15 digits (RFC 9651 §3.3.1).
    static let integerMax = 999_999_999_999_999

    /// Tokens of a full bucket, or the quota of a window.
    public let capacity: Int
    /// `"name";q=…;w=…`
    let item: [UInt8]
    /// Bytes of `item` that are the quoted name.
    let nameCount: Int

    /// A token bucket of `capacity` tokens, into which `refill` tokens flow every `periodMs` milliseconds.
    ///
    /// Advertised are `q` = capacity and `w` = the whole seconds in which a full capacity flows in, rounded up, so that
    /// q/w never promises more than the true rate; the rate itself is in `gw-rate` tokens per `gw-per` seconds, both
    /// multiplied where the period is not of whole seconds. Nil where a number is not 1–10¹⁵, or where the name is empty
    /// or holds anything but printable ASCII.
    public init?(name: Span<UInt8>, capacity: Int, refill: Int, periodMs: Int) {
        let bounds = 1...Self.integerMax
        guard bounds.contains(capacity), bounds.contains(refill), bounds.contains(periodMs) else { return nil }
        let product = UInt64(capacity).multipliedFullWidth(by: UInt64(periodMs))
        // What flows in during a second's thousand milliseconds, as capacity · periodMs counts in the same units.
        let perSecond = UInt64(refill) * 1000
        var window = Self.integerMax
        if product.high < perSecond {
            let (seconds, rest) = perSecond.dividingFullWidth(product)
            window = Int(clamping: seconds &+ (rest > 0 ? 1 : 0))
        }
        var item = ByteBuffer()
        guard let nameCount = Self.begin(&item, name: name, quota: capacity) else { return nil }
        Self.append(";w=", min(max(window, 1), Self.integerMax), to: &item)
        let factor = 1000 / Self.greatestCommonDivisor(periodMs, 1000)
        let (rate, overflow) = refill.multipliedReportingOverflow(by: factor)
        if !overflow, rate <= Self.integerMax {
            Self.append(";gw-rate=", rate, to: &item)
            Self.append(";gw-per=", periodMs / (1000 / factor), to: &item)
        }
        self.init(capacity: capacity, item: item, nameCount: nameCount)
    }

    /// A quota of so many units in a window of so many seconds, a month for instance. Nil as above.
    public init?(name: Span<UInt8>, quota: Int, windowSeconds: Int) {
        let bounds = 1...Self.integerMax
        guard quota >= 0, quota <= Self.integerMax, bounds.contains(windowSeconds) else { return nil }
        var item = ByteBuffer()
        guard let nameCount = Self.begin(&item, name: name, quota: quota) else { return nil }
        Self.append(";w=", windowSeconds, to: &item)
        self.init(capacity: quota, item: item, nameCount: nameCount)
    }

    /// A cap on requests in flight, which has no window. Nil as above.
    public init?(name: Span<UInt8>, concurrentRequests: Int) {
        guard concurrentRequests >= 0, concurrentRequests <= Self.integerMax else { return nil }
        var item = ByteBuffer()
        guard let nameCount = Self.begin(&item, name: name, quota: concurrentRequests) else { return nil }
        item.writeStaticString(";qu=\"concurrent-requests\"")
        self.init(capacity: concurrentRequests, item: item, nameCount: nameCount)
    }

    private init(capacity: Int, item: ByteBuffer, nameCount: Int) {
        self.capacity = capacity
        self.item = Array(item.readableBytesView)
        self.nameCount = nameCount
    }

    private static func begin(_ item: inout ByteBuffer, name: Span<UInt8>, quota: Int) -> Int? {
        guard !name.isEmpty, StructuredFieldSyntax.appendString(name, to: &item) else { return nil }
        let nameCount = item.readableBytes
        self.append(";q=", quota, to: &item)
        return nameCount
    }

    private static func append(_ name: StaticString, _ value: Int, to item: inout ByteBuffer) {
        item.writeStaticString(name)
        FieldOctets.appendDecimal(value, to: &item)
    }

    private static func greatestCommonDivisor(_ first: Int, _ second: Int) -> Int {
        var (greater, lesser) = (first, second)
        while lesser != 0 { (greater, lesser) = (lesser, greater % lesser) }
        return greater
    }
}
