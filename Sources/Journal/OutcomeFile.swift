public import Domain
import Glibc
import Synchronization

/// What became of durable idempotency keys, in a file that outlives its process: written before the client sees it, kept
/// until PostgreSQL has confirmed it. What a killed gateway leaves behind is settled by the next one on its machine.
///
///   file    records; the first holds the name of the deployment
///   record  0 length u32 of what follows byte 8, 4 CRC-32 of it, 8 what is recorded (``OutcomeRecord``)
///
/// A record is whole or not there: one that was cut off fails its checksum, and nothing was promised for it. The owner
/// holds a lock on the file for as long as it lives.
public final class OutcomeFile: Sendable {
    public let path: String
    private let descriptor: CInt
    private let headBytes: Int
    /// Where the next record goes; what lies behind is of no account.
    private let end: Atomic<Int>
    /// Whether the disk has the file's name.
    private let isNamed = Atomic(false)

    /// Larger ones make way for a fresh one.
    public static let bytesFull = 4 << 20

    private init(path: String, descriptor: CInt, headBytes: Int) {
        self.path = path
        self.descriptor = descriptor
        self.headBytes = headBytes
        self.end = Atomic(headBytes)
    }

    /// Gives up the lock: whoever finds the file takes its owner for dead.
    deinit {
        flock(self.descriptor, LOCK_UN)
        Glibc.close(self.descriptor)
    }

    /// How much has been written.
    public var bytes: Int { self.end.load(ordering: .relaxed) }
    /// Whether there is nothing but the head.
    public var isEmpty: Bool { self.bytes == self.headBytes }

    /// Makes and locks a file of its own in `folder`, which must exist.
    public static func create(in folder: JournalFolder, deployment: String) throws(JournalError) -> OutcomeFile {
        var generator = SystemRandomNumberGenerator()
        let path = "\(folder.path)/\(String(generator.next(), radix: 16))\(JournalFolder.outcomeSuffix)"
        let draft = try JournalDraft(of: path)
        let head = OutcomeRecord.framed(OutcomeRecord.head(deployment))
        do throws(JournalError) {
            guard Self.write(head, at: 0, draft.descriptor) else {
                throw JournalError(path, "cannot be made: \(Self.reason())")
            }
            try draft.publish()
        } catch {
            draft.discard()
            throw error
        }
        return OutcomeFile(path: path, descriptor: draft.descriptor, headBytes: head.count)
    }

    /// Writes a settlement behind the others: one system call, into memory that is the file's. For one caller at a time.
    /// - Returns: false when the disk does not take it; then nothing has changed.
    public func append(_ settlement: DurableSettlement) -> Bool {
        guard let record = OutcomeRecord.bytes(of: settlement) else { return false }
        let framed = OutcomeRecord.framed(record)
        let start = self.bytes
        guard Self.write(framed, at: start, self.descriptor) else { return false }
        self.end.store(start + framed.count, ordering: .relaxed)
        return true
    }

    /// Forgets all records: they are confirmed. For the one that appends.
    public func empty() {
        guard !self.isEmpty, ftruncate(self.descriptor, self.headBytes) == 0 else { return }
        self.end.store(self.headBytes, ordering: .relaxed)
    }

    /// Removes the file: everything in it is confirmed.
    public func remove() { unlink(self.path) }

    /// Writes what has changed to the disk, and waits for it: not for an event loop's thread.
    /// - Returns: why the disk may not have it. Then nothing in the file can be relied on, even if it is asked again: what
    ///   must be kept is to be written to another one.
    public func flush() -> SyncFailure? { SyncFailure.sync(self.descriptor, self.path, isNamed: self.isNamed) }

    // MARK: Taking over

    /// What a dead gateway has left behind. The file is locked until `file` goes.
    public struct Estate: Sendable {
        public let file: OutcomeFile
        public let deployment: String
        public let settlements: [DurableSettlement]
    }

    /// Reads a file; nil when its owner lives, or somebody else was faster.
    public static func takeOver(_ path: String) throws(JournalError) -> Estate? {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw JournalError(path, "cannot be opened: \(Self.reason())")
        }
        var status = stat()
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
            Glibc.close(descriptor)
            return nil
        }
        let file = OutcomeFile(path: path, descriptor: descriptor, headBytes: 0)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var (filled, size) = (0, bytes.count)
        while filled < size {
            let count = bytes.withUnsafeMutableBytes { all in
                pread(
                    descriptor, UnsafeMutableRawBufferPointer(rebasing: all[filled...]).baseAddress, size - filled,
                    filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw JournalError(path, "cannot be read: \(Self.reason())") }
            if count == 0 { size = filled }
            filled += count
        }
        var reader = OutcomeReader(bytes[..<size])
        guard let head = reader.next(), let deployment = OutcomeRecord.deployment(head) else {
            throw JournalError(path, "holds no outcomes, or its head is damaged")
        }
        var settlements: [DurableSettlement] = []
        while let record = reader.next() {
            if let settlement = OutcomeRecord.settlement(record) { settlements.append(settlement) }
        }
        return Estate(file: file, deployment: deployment, settlements: settlements)
    }

    // MARK: The kernel

    private static func write(_ bytes: [UInt8], at offset: Int, _ descriptor: CInt) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { all in
                let rest = UnsafeRawBufferPointer(rebasing: all[written...])
                return pwrite(descriptor, rest.baseAddress, rest.count, offset + written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
