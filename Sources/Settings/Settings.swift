public import Domain
import Foundation
import Yams

/// Config files: read, checked as a whole, and turned into a `Configuration` or into every mistake at once.
public enum Settings {
    /// Larger files are refused unread.
    static let fileBytesMax = 4 << 20

    /// Reads a file. `environment` is what `${NAME}` in it refers to.
    public static func load(
        path: String, environment: [String: String]
    ) -> Result<Configuration, SettingsErrors> {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            let isForbidden = (error as? CocoaError)?.code == .fileReadNoPermission
            let reason = isForbidden ? "may not be read" : "cannot be read"
            return .failure(whole(path, reason, mend: "check the path and its permissions"))
        }
        guard data.count <= fileBytesMax else {
            return .failure(whole(path, "too large", mend: "4 MiB is the most; is this the right file?"))
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            return .failure(whole(path, "not UTF-8 text", mend: "save the file as UTF-8"))
        }
        return parse(text, file: path, environment: environment)
    }

    /// Reads the text of a file; `file` is its name in errors.
    public static func parse(
        _ text: String, file: String, environment: [String: String]
    ) -> Result<Configuration, SettingsErrors> {
        let reader = SettingsReader(file: file, environment: environment)
        let node: Node
        do {
            node = try compose(yaml: text) ?? Node([(Node, Node)]())
        } catch {
            return .failure(SettingsErrors([YAMLMistake.describe(error, text: text, file: file)]))
        }
        let root = Item(node: reader.isNull(node) ? Node([(Node, Node)]()) : node, path: "")
        reader.visit(root)
        let configuration = Schema.configuration().read(reader, root)
        if let configuration { CrossChecks(reader: reader, configuration: configuration).run() }
        guard let configuration, reader.errors.isEmpty else { return .failure(SettingsErrors(reader.errors)) }
        return .success(configuration)
    }

    /// The configuration as YAML, every value spelt out, secrets hidden: what `check --print` shows.
    public static func printed(_ configuration: Configuration) -> String {
        YAMLWriter.print(Redaction.apply(Schema.configuration().write(configuration)))
    }

    /// `config/tollgate.yaml`: every field with its meaning, unit and default.
    public static func defaultsFile() -> String { DefaultsFile.render() }

    /// `docs/config.md`: every field in tables.
    public static func reference() -> String { ConfigReference.render() }

    private static func whole(_ file: String, _ problem: String, mend: String) -> SettingsErrors {
        SettingsErrors([
            SettingsError(
                file: file, line: 0, column: 0, path: "", problem: problem, found: nil, expected: nil, mend: mend)
        ])
    }
}
