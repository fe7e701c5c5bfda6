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

    @inline(__always)
    func requestOpened() {
        self.open += 1
        self.writer?.requestOpened()
    }

    @inline(__always)
    func requestSettled() {
        self.open -= 1
        self.writer?.requestSettled()
    }

    /// Counts what a request of `grant` counts whatever its answer.
    @inline(__always)
    func countFixed(of grant: RouteGrant, hour: Int) {
        if let writer, grant.fixedUse.hour == hour, grant.fixedUse.generation == self.generation {
            for index in grant.fixedUse.cells.indices {
                writer.add(grant.fixedUse.cells[index].amount, to: grant.fixedUse.cells[index].cell)
            }
            return
        }
        self.countFixedAnew(of: grant, hour: hour)
    }

    private func countFixedAnew(of grant: RouteGrant, hour: Int) {
        guard let meters = grant.template?.plan.meters else { return }
        for meter in meters { self.count(meter.amount, of: meter.meter, hour: hour, by: grant) }
        self.prepare(meters, hour: hour, of: grant)
    }

    /// Keeps where the meters of every request stand, once each of them has its place.
    private func prepare(_ meters: [AdmissionPlan.FixedMeter], hour: Int, of grant: RouteGrant) {
        var use = FixedUse(hour: hour, generation: self.generation)
        for meter in meters where meter.amount > 0 {
            let place = grant.cells.first {
                $0.meter == meter.meter && $0.hour == hour && $0.generation == self.generation
            }
            guard let place else { return }
            use.cells.append((meter.amount, place.cell))
        }
        grant.fixedUse = use
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

/// What every request of a grant counts during one hour, and where it stands in the journal.
struct FixedUse {
    var hour = -1
    var generation = -1
    var cells: [(amount: Int, cell: JournalWriter.Cell)] = []
}

/// Where a counter of one grant stands in the journal.
struct UsageCell {
    let meter: String
    let hour: Int
    let generation: Int
    let cell: JournalWriter.Cell
}
