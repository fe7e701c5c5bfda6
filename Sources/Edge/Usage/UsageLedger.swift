import Domain
import HotStore
import Journal
import Logging

/// Where one loop writes down what it has served: into the process's journal, once for each request, when the request is
/// settled. A store to memory that outlives the process; Redis and PostgreSQL are told of it later.
final class UsageLedger {
    private let logger: Logger
    private var writer: JournalWriter?
    /// Rises with every journal; cells of an earlier one are of no use.
    private var generation = 0
    private var hasWarned = false
    /// Admitted requests of this loop that have not ended.
    private(set) var open = 0

    init(logger: Logger) {
        self.logger = logger
    }

    /// Goes on in another journal. Requests that are open settle there.
    func use(_ journal: JournalFile, region: Int) {
        guard let next = JournalWriter(journal, region: region) else { return }
        self.writer?.handOverOpen(self.open)
        for _ in 0..<self.open { next.requestOpened() }
        self.writer = next
        self.generation += 1
        self.hasWarned = false
    }

    func requestOpened() {
        self.open += 1
        self.writer?.requestOpened()
    }

    func requestSettled() {
        self.open -= 1
        self.writer?.requestSettled()
    }

    /// Counts units of a meter for the principal of `grant`.
    func count(_ amount: Int, of meter: String, hour: Int, by grant: RouteGrant) {
        guard amount > 0, let writer else { return }
        for place in grant.cells where place.hour == hour && place.meter == meter {
            guard place.generation == self.generation else { break }
            return writer.add(amount, to: place.cell)
        }
        guard let plan = grant.template?.plan else { return }
        let counter = JournalCounter(
            orgID: plan.orgID, keyID: plan.keyID, environment: plan.environment, meter: meter, hour: hour)
        guard let cell = writer.cell(for: counter) else {
            writer.addUncovered(amount)
            return self.warn()
        }
        grant.remember(UsageCell(meter: meter, hour: hour, generation: self.generation, cell: cell))
        writer.add(amount, to: cell)
    }

    private func warn() {
        guard !self.hasWarned else { return }
        self.hasWarned = true
        self.logger.critical(
            "The usage journal is full: usage is lost until another can be made; see journal.folder and journal.size")
    }
}

/// Where a counter of one grant stands in the journal.
struct UsageCell {
    let meter: String
    let hour: Int
    let generation: Int
    let cell: JournalWriter.Cell
}
