import Domain
import Journal

/// The files in which one process writes down what became of durable keys: the one in use, and full ones that keep what
/// PostgreSQL has not confirmed. Used under its owner's lock.
struct OutcomeFiles: Sendable {
    private let folder: JournalFolder
    private let deployment: String
    private var files: [Int: OutcomeFile] = [:]
    private var current: Int?
    private var count = 0
    /// After a failure no other file is made until then.
    private var retryAt = ContinuousClock.now

    /// A file this small is not worth emptying each time.
    private static let bytesSmall = 64 << 10

    init(folder: JournalFolder, deployment: String) {
        self.folder = folder
        self.deployment = deployment
    }

    /// All that there are.
    var all: [OutcomeFile] { Array(self.files.values) }

    /// Writes a settlement down. Returns the number of the file that keeps it; nil when the disk does not take it.
    mutating func write(_ settlement: DurableSettlement) -> Int? {
        if self.current.flatMap({ self.files[$0]?.bytes }) ?? .max >= OutcomeFile.bytesFull { self.renew() }
        guard let current, let file = self.files[current], file.append(settlement) else { return nil }
        return current
    }

    private mutating func renew() {
        guard ContinuousClock.now >= self.retryAt else { return }
        do throws(JournalError) {
            try self.folder.prepare()
            self.files[self.count] = try OutcomeFile.create(in: self.folder, deployment: self.deployment)
            self.current = self.count
            self.count += 1
        } catch {
            // The one in use, if there is one, goes on.
            self.retryAt = .now + .seconds(1)
        }
    }

    /// Removes what keeps nothing that `outbox` needs, and empties the one in use.
    mutating func tidy(_ outbox: DurableOutbox, isLast: Bool = false) {
        for (number, file) in self.files where !outbox.needs(file: number) {
            if number == self.current, !isLast {
                if file.bytes > Self.bytesSmall { file.empty() }
            } else {
                file.remove()
                self.files[number] = nil
                if number == self.current { self.current = nil }
            }
        }
    }
}
