import Glibc
import TestKit
import Testing

@testable import Journal

/// A file that its folder does not know after a crash of the machine is lost with all that was written to it.
struct FolderNamesTests {
    /// Makes a folder, and a journal and a file of results in it.
    private static func make(_ path: String) throws -> (JournalFile, OutcomeFile) {
        let folder = JournalFolder(path)
        try folder.prepare()
        return (
            try JournalFile.create(in: folder.path, deployment: "d", regions: 1, regionBytes: 1 << 16),
            try OutcomeFile.create(in: folder, deployment: "d")
        )
    }

    @Test(arguments: [
        ("/var/lib/tollgate/journal/a.usage", "/var/lib/tollgate/journal"), ("/journal", "/"),
        ("journal/a.usage", "journal"), ("journal", "."), ("/one/two/", "/one"), ("/one//two", "/one"), ("/", "/"),
    ])
    func `the folder that holds a path`(path: String, folder: String) {
        #expect(JournalFolder.holding(path) == folder)
    }

    @Test func `the disk is told of the names in a folder, and a folder that it does not have is an error`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        #expect(SyncFailure.syncNames(of: folder.path) == nil)
        #expect(SyncFailure.syncNames(of: folder.path + "/none")?.code == ENOENT)
        #expect(SyncFailure.syncNames(of: "/dev/null")?.code == ENOTDIR)
    }

    @Test func `a file that its folder does not have is in doubt, however well it was written`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        let (path, elsewhere) = (folder.path + "/one/two", folder.path + "/elsewhere")
        let (journal, outcomes) = try Self.make(path)
        #expect(rename(path, elsewhere) == 0)
        journal.flush()
        #expect(journal.doubt?.code == ENOENT && journal.takeFailedSyncs() == 1)
        #expect(outcomes.flush()?.code == ENOENT)
        #expect(rename(elsewhere, path) == 0)
        #expect(outcomes.flush() == nil)
    }

    @Test func `the folder is asked for once`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        let (journal, outcomes) = try Self.make(folder.path + "/one/")
        journal.flush()
        #expect(outcomes.flush() == nil)
        #expect(rename(folder.path + "/one", folder.path + "/elsewhere") == 0)
        journal.flush()
        #expect(journal.doubt == nil && outcomes.flush() == nil)
    }
}
