import Digests
import Domain
import PostgresClient
import Records

/// Makes the demo data that teams expect: 4 users, 2 orgs (one on FREE, one on PRO), keys, 100 jobs of the past, a week of
/// hourly usage, webhook endpoints with a delivery that failed, credits bought and spent.
struct SeedMaker {
    /// The data of one seed, as of one instant.
    /// - Parameter now: whole seconds count.
    static func make(seed: UInt64, now: PostgresInstant, brand: String) -> SeedData {
        var maker = SeedMaker(seed: seed, now: now, brand: brand)
        maker.addTenants()
        maker.addKeys()
        maker.addGates()
        maker.addUsage()
        maker.addJobs()
        maker.addWebhooks()
        maker.addMoney()
        return maker.data
    }

    /// A person.
    struct Person {
        let id: String
        let name: String
        let email: String
        let daysAgo: Int
    }

    /// An org.
    struct Team {
        let id: String
        let name: String
        let slug: String
        let plan: String
        let daysAgo: Int
    }

    let seed: UInt64
    let now: PostgresInstant
    let format: KeyFormat
    var random: SeededRandom
    var data = SeedData()
    var people: [Person] = []
    /// On PRO, with three people.
    var acme: Team
    /// On FREE, with one.
    var solo: Team

    private init(seed: UInt64, now: PostgresInstant, brand: String) {
        self.seed = seed
        self.now = PostgresInstant(unixSeconds: now.unixMicroseconds / 1_000_000)
        self.format = KeyFormat(brand: brand)
        self.random = SeededRandom(seed: seed)
        self.acme = Team(id: "", name: "Acme Inc", slug: "acme", plan: "PRO", daysAgo: 120)
        self.solo = Team(id: "", name: "Tim Berners", slug: "tim", plan: "FREE", daysAgo: 45)
        self.acme = Team(
            id: self.id("org_", self.ago(days: 120)), name: self.acme.name, slug: self.acme.slug, plan: self.acme.plan,
            daysAgo: 120)
        self.solo = Team(
            id: self.id("org_", self.ago(days: 45)), name: self.solo.name, slug: self.solo.slug, plan: self.solo.plan,
            daysAgo: 45)
    }

    // MARK: Parts

    /// An id dated by when its record was made.
    mutating func id(_ prefix: String, _ at: PostgresInstant) -> String {
        var random = self.random
        let id = RecordID.make(prefix: prefix, nowMs: Int(at.unixMicroseconds / 1_000)) { random.byte() }
        self.random = random
        return id
    }

    func ago(days: Int, seconds: Int = 0) -> PostgresInstant {
        PostgresInstant(unixMicroseconds: self.now.unixMicroseconds - Int64(days * 86_400 + seconds) * 1_000_000)
    }

    func time(_ instant: PostgresInstant) -> JSONValue { .text(InstantText.full(instant)) }

    func time(daysAgo: Int) -> JSONValue { self.time(self.ago(days: daysAgo)) }

    static func list(_ texts: [String]) -> JSONValue { .list(texts.map { .text($0) }) }

    static func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }

    /// Hexadecimal digits, for the ids of others.
    mutating func hex(_ count: Int) -> String {
        String((0..<count).map { _ in Character(String(self.random.number(0...15), radix: 16)) })
    }
}
