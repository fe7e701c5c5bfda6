import Domain
import Glibc
import Journal
import Synchronization
import TestKit
import Testing

/// What was written down is there for whoever comes after, however its writer ended.
struct JournalTests {
    static func counter(_ number: Int, hour: Int = 500_000) -> JournalCounter {
        JournalCounter(
            orgID: "org_\(number % 7)", keyID: "key_\(number)", environment: number % 2 == 0 ? .live : .test,
            meter: "jobs", hour: hour)
    }

    /// A folder and a journal in it.
    static func make(_ folder: TestFolder, regions: Int = 1, regionBytes: Int = 1 << 16) throws -> JournalFile {
        try JournalFile.create(in: folder.path, deployment: "d", regions: regions, regionBytes: regionBytes)
    }

    static func sums(_ journal: JournalFile) -> [JournalCounter: Int64] {
        var reader = JournalReader(journal)
        _ = reader.poll()
        return Dictionary(uniqueKeysWithValues: zip(reader.counters, reader.totals))
    }

    @Test func `what the loops count is summed over the regions`() throws {
        let journal = try #require(JournalFile.inMemory(regions: 3))
        for region in 0..<3 {
            let writer = try #require(JournalWriter(journal, region: region))
            for number in 0..<10 {
                let cell = try #require(writer.cell(for: Self.counter(number)))
                writer.add(number + 1, to: cell)
                writer.add(1, to: cell)
            }
        }
        let sums = Self.sums(journal)
        #expect(sums.count == 10)
        for number in 0..<10 { #expect(sums[Self.counter(number)] == Int64(3 * (number + 2))) }
    }

    @Test func `a reader sees each change once, and names that come later`() throws {
        let journal = try #require(JournalFile.inMemory(regions: 1))
        let writer = try #require(JournalWriter(journal, region: 0))
        var reader = JournalReader(journal)
        #expect(reader.poll().isEmpty)
        let first = try #require(writer.cell(for: Self.counter(1)))
        writer.add(2, to: first)
        #expect(reader.poll() == [.init(index: 0, total: 2)])
        #expect(reader.poll().isEmpty)
        let second = try #require(writer.cell(for: Self.counter(2)))
        #expect(writer.cell(for: Self.counter(1)) == first)
        writer.add(5, to: second)
        writer.add(1, to: first)
        #expect(reader.poll() == [.init(index: 0, total: 3), .init(index: 1, total: 5)])
        #expect(reader.counters == [Self.counter(1), Self.counter(2)])
    }

    @Test func `a full region says so, and what finds no room is counted as lost`() throws {
        let journal = try #require(JournalFile.inMemory(regions: 1, regionBytes: JournalFile.regionBytesMin))
        let writer = try #require(JournalWriter(journal, region: 0))
        var made = 0
        while writer.cell(for: Self.counter(made)) != nil { made += 1 }
        #expect(made > 500)
        #expect(writer.percentUsed >= 99)
        writer.addUncovered(3)
        #expect(JournalReader(journal).balance.uncovered == 3)
        #expect(Self.sums(journal).count == made)
        let long = JournalCounter(
            orgID: String(repeating: "o", count: 256), keyID: "k", environment: .live, meter: "m", hour: 1)
        #expect(writer.cell(for: long) == nil)
    }

    @Test func `nobody takes over the journal of a gateway that lives; that of a dead one is complete`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        var journal: JournalFile? = try Self.make(folder, regions: 2)
        let path = try #require(journal?.path)
        let id = journal?.id
        #expect(try JournalFile.takeOver(path) == nil)
        do {
            let writer = try #require(journal.flatMap { JournalWriter($0, region: 1) })
            let cell = try #require(writer.cell(for: Self.counter(1)))
            for _ in 0..<100 { writer.add(1, to: cell) }
            writer.requestOpened()
            writer.requestOpened()
            writer.requestSettled()
        }
        // The mapping goes, the lock goes: as at the end of its process.
        journal = nil
        let taken = try #require(try JournalFile.takeOver(path))
        #expect(taken.id == id)
        #expect(taken.deployment == "d")
        #expect(Self.sums(taken) == [Self.counter(1): 100])
        let balance = JournalReader(taken).balance
        #expect(balance.opened == 2 && balance.settled == 1)
        #expect(try JournalFile.takeOver(path) == nil)
        taken.remove()
        #expect(JournalFolder(folder.path).journals().isEmpty)
    }

    @Test func `drafts of the dead are removed, those of the living stay`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        // As a crash leaves them: made, perhaps locked once, some of it written, without their names.
        let left = ["abc.usage.new", "abc.usage.0.new", "def.outcomes.3.new"].map { "\(folder.path)/\($0)" }
        for path in left {
            let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
            #expect(write(descriptor, "half", 4) == 4)
            close(descriptor)
        }
        let living = "\(folder.path)/ghi.outcomes.0.new"
        let descriptor = open(living, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
        #expect(JournalFolder(folder.path).outcomes().isEmpty)
        for path in left { #expect(access(path, F_OK) != 0, "\(path)") }
        #expect(access(living, F_OK) == 0)
        close(descriptor)
        #expect(JournalFolder(folder.path).journals().isEmpty)
        #expect(access(living, F_OK) != 0)
    }

    @Test func `whoever looks for drafts of the dead never costs a living process its file`() async throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        let path = folder.path
        let done = Done()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // Looks at nothing else between two looks: a draft that is not locked yet is met often.
                while !done.isSo.load(ordering: .acquiring) { _ = JournalFolder(path).outcomes() }
            }
            group.addTask {
                defer { done.isSo.store(true, ordering: .releasing) }
                for _ in 0..<2_000 {
                    let file = try OutcomeFile.create(in: JournalFolder(path), deployment: "d")
                    #expect(access(file.path, F_OK) == 0)
                    file.remove()
                }
            }
            try await group.waitForAll()
        }
        #expect(rmdir(path) == 0, "nothing is left")
    }

    @Test func `a journal that the disk does not take is in doubt from then on`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        let journal = try Self.make(folder)
        journal.flush()
        #expect(journal.doubt == nil)
        let path = try #require(journal.path)
        let broken = try BrokenFile(path)
        journal.flush()
        journal.flush()
        #expect(journal.doubt?.code == EINVAL)
        #expect(journal.takeFailedSyncs() == 2)
        #expect(journal.takeFailedSyncs() == 0)
        #expect(journal.doubt != nil, "what later attempts say proves nothing")
        withExtendedLifetime(broken) {}
    }

    @Test func `a folder is made with those above it; one that cannot be is an error that says what to do`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        let deep = JournalFolder("\(folder.path)/a/b/c")
        try deep.prepare()
        try deep.prepare()
        #expect(access(deep.path, W_OK) == 0)
        let error = #expect(throws: JournalError.self) { try JournalFolder("/proc/nowhere/journal").prepare() }
        #expect(error?.description.contains("journal.folder") ?? false)
    }

    @Test func `whatever is in a file, reading it ends, and finds nothing that was not written whole`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        for seed in 0..<UInt64(TestEffort.isFull ? 2_000 : 60) {
            var random = SplitMix64(seed: seed)
            var path = ""
            do {
                let journal = try Self.make(folder)
                let writer = try #require(JournalWriter(journal, region: 0))
                for number in 0..<20 {
                    let cell = try #require(writer.cell(for: Self.counter(number)))
                    writer.add(1, to: cell)
                }
                path = try #require(journal.path)
            }
            // A crashed machine, or a bad disk: some bytes are others, or the file is shorter.
            let descriptor = open(path, O_RDWR | O_CLOEXEC)
            for _ in 0..<Int.random(in: 1...30, using: &random) {
                var byte = UInt8.random(in: 0...255, using: &random)
                pwrite(descriptor, &byte, 1, Int.random(in: 0..<8_000, using: &random))
            }
            if seed % 5 == 0 { ftruncate(descriptor, Int.random(in: 0...70_000, using: &random)) }
            close(descriptor)
            if let taken = try? JournalFile.takeOver(path) {
                let known = Set((0..<20).map { Self.counter($0) })
                #expect(Set(Self.sums(taken).keys).isSubset(of: known), "seed \(seed)")
            }
            unlink(path)
        }
    }

    private final class Done: Sendable {
        let isSo = Atomic<Bool>(false)
    }
}
