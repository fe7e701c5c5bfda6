import Domain

/// The file of defaults: what the program does without a config file, every field spelt out. Lists that are empty and
/// sections that are off are followed by an example, commented out so that the file changes nothing.
enum DefaultsFile {
    private static let head = """
        # Every setting of Tollgate with its meaning, its unit and its default. A file like this may leave out \
        whatever it
        # does not change.
        #
        # Durations are whole numbers with a unit: 250ms, 10s, 5m, 1h, 1d. Sizes too: 512B, 64KiB, 1MiB, 10MB.
        # ${NAME} puts in a variable of the environment, ${NAME:-default} one that may be missing; $$ is a dollar \
        sign.
        # `tollgate check FILE` reports every mistake with its line. This file is generated; a test compares it with \
        the code.

        """

    static func render() -> String {
        let record = Schema.configuration()
        guard case .record(let sections) = record.write(Configuration(), withExamples: true) else { return head }
        let blocks = sections.map { section in
            YAMLWriter.lines(.record([filled(section)]), isCommented: true).map { $0 + "\n" }.joined()
        }
        return head + "\n" + blocks.joined(separator: "\n")
    }

    /// The lines below an empty list or an absent section; lines of YAML have two spaces or more after the hash, so
    /// that they can be told from comments.
    static func commented(_ example: Written, isEntry: Bool) -> [String] {
        var lines: [String]
        if isEntry, case .list(let entries) = example {
            lines = entries.flatMap { YAMLWriter.entry($0, isCommented: true) }
        } else {
            lines = YAMLWriter.lines(example, isCommented: true)
        }
        lines = lines.map { "#   " + $0 }
        return [isEntry ? "# An entry with every field:" : "# With every field:"] + lines
    }

    /// A section whose own fields have examples where they are empty.
    private static func filled(_ section: WrittenField) -> WrittenField {
        guard section.name == "edge" else { return section }
        var section = section
        section.value = Schema.edge().write(EdgeSettings(), withExamples: true)
        return section
    }
}
