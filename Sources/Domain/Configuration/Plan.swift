/// What a plan grants (SPEC §1).
public struct Plan: Sendable, Equatable {
    /// `FREE`, `PRO`, `ENTERPRISE`, or one of the file's own.
    public var code: String
    public var name: String
    public var limits: [Limit] = []
    public var quotas: [Quota] = []
    public var concurrency: [ConcurrencyLimit] = []
    public var features: [String] = []

    public init(code: String, name: String) {
        self.code = code
        self.name = name
    }
}
