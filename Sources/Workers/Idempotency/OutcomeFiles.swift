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
    /// Files that the disk did not take whole: nothing is added to them, and what they keep is written to another.
    private var doubted: Set<Int> = []
    /// How many entries of a file in doubt have been written to another. Until the disk is known to have that one the file
    /// stays: some of what it keeps may have been on the disk for long.
    private var moved: [Int: Int] = [:]
    /// After a failure no other file is made until then.
    private var retryAt = ContinuousClock.now

    /// A file this small is not worth emptying each time.
    private static let bytesSmall = 64 << 10

    init(folder: JournalFolder, deployment: String) {
        self.folder = folder
        self.deployment = deployment
    }

    /// Those that the disk has, or is still to get.
    var trusted: [Int: OutcomeFile] { self.files.filter { !self.doubted.contains($0.key) } }

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

    // MARK: What the disk did not take

    /// The disk did not take this file: another one goes on.
    mutating func doubt(_ number: Int) {
        guard self.files[number] != nil else { return }
        self.doubted.insert(number)
        if self.current == number { self.current = nil }
    }

    /// Writes what the oldest file in doubt keeps to another one. One file each time, so that a disk that takes nothing is
    /// not written full of what it has refused, and nobody waits long for the lock.
    mutating func rescue(_ outbox: inout DurableOutbox) {
        guard let number = self.doubted.filter({ outbox.needs(file: $0) }).min() else { return }
        let before = outbox.entries(in: number)
        outbox.rewrite(file: number) { self.write($0) }
        self.moved[number, default: 0] += before - outbox.entries(in: number)
    }

    /// Files in doubt of which something stands elsewhere by now; for `synced`.
    var movedFrom: Set<Int> { Set(self.moved.keys) }

    /// The disk has all trusted files, with what was moved to them out of `old`: those are not needed for that any more.
    mutating func synced(movedFrom old: Set<Int>, _ outbox: DurableOutbox) {
        for number in old where !outbox.needs(file: number) { self.moved[number] = nil }
        self.tidy(outbox)
    }

    /// Entries that the disk is not known to have: of files in doubt, and moved out of them since the last time that it
    /// took all. One that was moved twice may count twice.
    func entriesInDoubt(_ outbox: DurableOutbox) -> Int {
        let count = self.doubted.reduce(0) { $0 + outbox.entries(in: $1) + (self.moved[$1] ?? 0) }
        return min(count, outbox.waiting)
    }

    // MARK: What is confirmed

    /// Removes what keeps nothing that `outbox` needs, and empties the one in use.
    mutating func tidy(_ outbox: DurableOutbox, isLast: Bool = false) {
        for (number, file) in self.files where !outbox.needs(file: number) {
            // Where nothing waits all is confirmed, wherever it stands.
            if self.moved[number] != nil, outbox.waiting > 0 { continue }
            if number == self.current, !isLast {
                if file.bytes > Self.bytesSmall { file.empty() }
            } else {
                file.remove()
                self.files[number] = nil
                self.doubted.remove(number)
                self.moved[number] = nil
                if number == self.current { self.current = nil }
            }
        }
    }
}
