import Glibc
import Synchronization

/// The memory in which one gateway process writes down what it has served, shared with a file: an addition is a store to
/// memory and survives the process, however it ends; what a machine loses when it crashes is what the kernel had not
/// written yet (``flush()`` is called every second). Its id names the epoch of its counters.
///
/// The owner holds a lock on the file for as long as it lives, so that others can tell who is dead.
public final class JournalFile: @unchecked Sendable {
    // Sendable: the head never changes; every region has one writer, and all that changes behind its records is read and
    // written through atomics, whose order makes the bytes of a record visible before its length (JournalLayout).

    /// 32 hexadecimal digits.
    public let id: String
    /// nil for one that is in memory only.
    public let path: String?
    /// Which stores it belongs to: only a gateway of the same deployment records it.
    public let deployment: String
    public let regions: Int
    public let regionBytes: Int
    let base: UnsafeMutableRawPointer
    private let descriptor: CInt
    /// The kernel's number of the last failure to write to the disk; 0 when there was none.
    private let doubted = Atomic<CInt>(0)
    private let failedSyncs = Atomic<Int>(0)
    /// Whether the disk has the file's name.
    private let isNamed = Atomic(false)

    /// A region below this would hold next to nothing.
    public static let regionBytesMin = 64 * 1024

    private init(
        id: String, path: String?, deployment: String, regions: Int, regionBytes: Int, base: UnsafeMutableRawPointer,
        descriptor: CInt
    ) {
        self.id = id
        self.path = path
        self.deployment = deployment
        self.regions = regions
        self.regionBytes = regionBytes
        self.base = base
        self.descriptor = descriptor
    }

    /// Unmaps, and gives up the lock: whoever finds the file takes its owner for dead.
    deinit {
        munmap(self.base, self.bytes)
        guard self.descriptor >= 0 else { return }
        // Closing alone would leave it locked for as long as a child that is just being started still has a copy.
        flock(self.descriptor, LOCK_UN)
        Glibc.close(self.descriptor)
    }

    var bytes: Int { JournalLayout.headBytes + self.regions * self.regionBytes }

    /// How much of the fullest region is taken, in percent: a full one loses usage, so another journal follows before.
    public var percentUsed: Int {
        let used = (0..<self.regions).map { index in
            SharedWord(self.base + JournalLayout.headBytes + index * self.regionBytes, offset: 0).load()
        }
        return Int(clamping: used.max() ?? 0) * 100 / (self.regionBytes - JournalLayout.regionHeadBytes)
    }

    // MARK: Making one

    /// A journal without a file, which ends with its process: for tests, and for a gateway without a disk.
    public static func inMemory(regions: Int, regionBytes: Int = 1 << 20) -> JournalFile? {
        let size = Self.rounded(regionBytes)
        let count = max(1, regions)
        let bytes = JournalLayout.headBytes + count * size
        guard
            let base = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            base != MAP_FAILED
        else { return nil }
        return JournalFile(
            id: Self.freshID(), path: nil, deployment: "", regions: count, regionBytes: size, base: base,
            descriptor: -1)
    }

    /// Makes and locks a file of its own in `folder`, which must exist. Its blocks are allocated at once: no later store
    /// can meet a full disk.
    public static func create(
        in folder: String, deployment: String, regions: Int, regionBytes: Int
    ) throws(JournalError) -> JournalFile {
        let id = Self.freshID()
        let path = "\(folder)/\(id)\(JournalFolder.suffix)"
        let size = Self.rounded(regionBytes)
        let count = max(1, regions)
        guard deployment.utf8.count <= JournalLayout.deploymentBytesMax else {
            throw JournalError(path, "the name of the deployment is too long")
        }
        let draft = try JournalDraft(of: path)
        do throws(JournalError) {
            let bytes = JournalLayout.headBytes + count * size
            let failure = posix_fallocate(draft.descriptor, 0, bytes)
            guard failure == 0 else {
                throw JournalError(draft.draftPath, "cannot get \(bytes) bytes: \(Self.errorText(failure))")
            }
            let base = try Self.map(draft.descriptor, bytes, draft.draftPath)
            JournalHead(id: id, deployment: deployment, regions: count, regionBytes: size).write(to: base)
            do throws(JournalError) {
                try draft.publish()
            } catch {
                munmap(base, bytes)
                throw error
            }
            return JournalFile(
                id: id, path: path, deployment: deployment, regions: count, regionBytes: size, base: base,
                descriptor: draft.descriptor)
        } catch {
            draft.discard()
            throw error
        }
    }

    // MARK: Taking over

    /// Opens what a dead gateway has left behind; nil when its owner lives, or somebody else was faster.
    public static func takeOver(_ path: String) throws(JournalError) -> JournalFile? {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw JournalError(path, "cannot be opened: \(Self.errorText(errno))")
        }
        do throws(JournalError) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                Glibc.close(descriptor)
                return nil
            }
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                throw JournalError(path, "cannot be looked at: \(Self.errorText(errno))")
            }
            // Removed between the opening and the lock.
            guard status.st_nlink > 0 else {
                Glibc.close(descriptor)
                return nil
            }
            let bytes = Int(status.st_size)
            guard bytes >= JournalLayout.headBytes else { throw JournalError(path, "is shorter than its head") }
            let base = try Self.map(descriptor, bytes, path)
            guard let head = JournalHead(base), head.bytes <= bytes else {
                munmap(base, bytes)
                throw JournalError(path, "is no journal, or its head is damaged")
            }
            // Mapped anew by its own account, so that what is unmapped is what was mapped.
            munmap(base, bytes)
            return JournalFile(
                id: head.id, path: path, deployment: head.deployment, regions: head.regions,
                regionBytes: head.regionBytes, base: try Self.map(descriptor, head.bytes, path),
                descriptor: descriptor)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    // MARK: Its file

    /// Writes what has changed to the disk, and waits for it: not for an event loop's thread. Bounds what a crash of the
    /// machine loses. A failure is kept (``doubt``).
    public func flush() {
        guard self.descriptor >= 0 else { return }
        // As `msync` of the mapping: Linux has one cache for both, and writes of it what is dirty.
        guard let path, let failure = SyncFailure.sync(self.descriptor, path, isNamed: self.isNamed) else { return }
        self.failedSyncs.add(1, ordering: .relaxed)
        self.doubted.store(failure.code, ordering: .releasing)
    }

    /// Why the disk may not have what was counted, and the memory may lose it: pages that could not be written may be let
    /// go of, and are read again as the disk has them. It stays so, whatever later attempts say: another journal must
    /// follow, and this one be recorded.
    public var doubt: SyncFailure? {
        let code = self.doubted.load(ordering: .acquiring)
        return code == 0 ? nil : SyncFailure(code: code)
    }

    /// How many writes to the disk have failed since it was asked last.
    public func takeFailedSyncs() -> Int { self.failedSyncs.exchange(0, ordering: .relaxed) }

    /// Removes the file: everything in it is recorded elsewhere.
    public func remove() {
        if let path { unlink(path) }
    }

    private static func map(_ descriptor: CInt, _ bytes: Int, _ path: String) throws(JournalError)
        -> UnsafeMutableRawPointer
    {
        guard let base = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED else {
            throw JournalError(path, "cannot be mapped: \(Self.errorText(errno))")
        }
        return base
    }

    private static func rounded(_ bytes: Int) -> Int {
        (min(max(bytes, Self.regionBytesMin), 1 << 32) + 4095) & ~4095
    }

    private static func freshID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    private static func errorText(_ code: CInt) -> String { String(cString: strerror(code)) }
}
