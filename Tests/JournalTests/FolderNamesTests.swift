import Glibc
import TestKit
import Testing

@testable import Journal

/// A file that its folder does not know after a crash of the machine is lost with all that was written to it.
struct FolderNamesTests {
    @Test(arguments: [
        ("/var/lib/tollgate/journal/a.usage", "/var/lib/tollgate/journal"), ("/journal", "/"),
        ("journal/a.usage", "journal"), ("journal", "."),
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

    @Test func `a journal of folders that were just made is whole`() throws {
        let folder = try TestFolder(prefix: "tollgate-journal")
        defer { folder.remove() }
        let journals = JournalFolder(folder.path + "/one/two/three/")
        try journals.prepare()
        try journals.prepare()
        do {
            _ = try JournalFile.create(in: journals.path, deployment: "d", regions: 1, regionBytes: 1 << 16)
            _ = try OutcomeFile.create(in: journals, deployment: "d")
        }
        let path = try #require(journals.journals().first)
        #expect(try JournalFile.takeOver(path)?.deployment == "d")
        #expect(try OutcomeFile.takeOver(try #require(journals.outcomes().first))?.deployment == "d")
    }
}
