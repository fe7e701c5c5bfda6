import Foundation
import Settings
import Testing

/// One bad file for each mistake, with the errors it must give beside it.
@Suite struct MistakeTests {
    /// What the files may refer to. Nothing of the values may ever be shown.
    static let environment = [
        "TEST_SECRET": "hunter2-from-environment", "TEST_PORT": "70123", "TEST_NAME": "Not-A-Name", "TEST_EMPTY": "",
        "TEST_METHOD": "patchy", "TEST_PATH": "/secret{path}", "TEST_DURATION": "7777 seconds",
    ]

    static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: Files.mistakes.path())) ?? []
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }()

    @Test func `there are at least forty mistakes, each with its expected errors`() throws {
        #expect(Self.names.count >= 40)
        let files = try FileManager.default.contentsOfDirectory(atPath: Files.mistakes.path())
        #expect(files.count == Self.names.count * 2)
    }

    @Test(arguments: names)
    func `a mistake gives its errors`(name: String) throws {
        let file = Files.mistakes.appending(path: "\(name).yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        guard case .failure(let errors) = Settings.parse(text, file: "\(name).yaml", environment: Self.environment)
        else {
            Issue.record("\(name).yaml is accepted")
            return
        }
        let expected = try Files.golden(Files.mistakes.appending(path: "\(name).txt"), errors.description)
        #expect(errors.description == expected)
        for value in Self.environment.values where !value.isEmpty {
            for form in [value, value.uppercased(), value.lowercased(), value.replacing(" seconds", with: "s")] {
                #expect(!errors.description.contains(form) && !errors.json.contains(form), "\(name)")
            }
        }
        #expect(!errors.description.contains("hunter2"), "a secret is shown")
        for error in errors.errors {
            #expect(error.line > 0 && error.column > 0, "\(error.path) has no place")
            #expect(error.mend != nil, "\(error.path) does not say how to mend it")
        }
    }

    @Test func `errors are JSON for machines`() throws {
        guard case .failure(let errors) = Settings.parse("edge: {threads: x}\n", file: "f.yaml", environment: [:])
        else {
            Issue.record("accepted")
            return
        }
        let decoded = try JSONDecoder().decode([String: [SettingsError]].self, from: Data(errors.json.utf8))
        #expect(decoded["errors"] == errors.errors)
        #expect(errors.errors.first?.path == "edge.threads")
        #expect(errors.errors.first?.line == 1 && errors.errors.first?.column == 17)
    }

    @Test func `a file that cannot be read says so`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tollgate-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let broken = folder.appending(path: "latin1.yaml")
        try Data([0x61, 0x3A, 0x20, 0xE9, 0x0A]).write(to: broken)
        for path in [folder.appending(path: "missing.yaml").path(), folder.path(), broken.path()] {
            guard case .failure(let errors) = Settings.load(path: path, environment: [:]) else {
                Issue.record("\(path) is accepted")
                continue
            }
            #expect(errors.errors.count == 1 && errors.errors.first?.mend != nil)
        }
    }
}
