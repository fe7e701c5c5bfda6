import Synchronization

/// The journals of one process: the one in use, and how to make the next.
public final class JournalKeeper: Sendable {
    public let folder: JournalFolder
    /// Names the stores that usage goes to.
    public let deployment: String
    private let regions: Int
    private let regionBytes: Int
    private let inUse: Mutex<JournalFile>

    /// Makes the folder and the first journal.
    public init(folder: JournalFolder, deployment: String, regions: Int, regionBytes: Int) throws(JournalError) {
        self.folder = folder
        self.deployment = deployment
        self.regions = regions
        self.regionBytes = regionBytes
        try folder.prepare()
        self.inUse = Mutex(
            try JournalFile.create(
                in: folder.path, deployment: deployment, regions: regions, regionBytes: regionBytes))
    }

    /// The journal that loops write to.
    public var current: JournalFile { self.inUse.withLock { $0 } }

    /// Makes another journal the current one, once `adopt` has brought all loops over to it. Returns the one before, to
    /// which nothing is added any more.
    public func renew(_ adopt: (JournalFile) async -> Void) async throws(JournalError) -> JournalFile {
        let next = try JournalFile.create(
            in: self.folder.path, deployment: self.deployment, regions: self.regions, regionBytes: self.regionBytes)
        await adopt(next)
        return self.inUse.withLock { current in
            let before = current
            current = next
            return before
        }
    }
}
