/// `{"text": …, "algorithms": ["sha256", "crc32", "fnv1a64"]}`
struct HashInput: Sendable, Hashable {
    enum Algorithm: String, Sendable, CaseIterable { case sha256, crc32, fnv1a64 }

    var text: String
    var algorithms: [Algorithm]

    init(text: String, algorithms: [Algorithm] = [.sha256]) {
        self.text = text
        self.algorithms = algorithms
    }

    init?(_ fields: inout FieldReader) {
        let text = fields.string("text", bytesMax: JobInput.textBytesMax)
        let algorithms = fields.choices("algorithms", of: Algorithm.self, countMax: Algorithm.allCases.count)
        guard let text else { return nil }
        self.init(text: text, algorithms: algorithms ?? [.sha256])
    }

    /// Digests of the text's UTF-8 bytes, in hexadecimal.
    func run() -> JobResult {
        var digests: [String: JSONValue] = [:]
        for algorithm in self.algorithms {
            let digest =
                switch algorithm {
                case .sha256: Sha256.hex(self.text)
                case .crc32: Checksums.crc32(self.text.utf8).fixedHex
                case .fnv1a64: Checksums.fnv1a64(self.text.utf8).fixedHex
                }
            digests[algorithm.rawValue] = .string(digest)
        }
        let output: JSONValue = ["bytes": .integer(self.text.utf8.count), "digests": .object(digests)]
        return JobResult(output: output, usage: JobUsage(textBytes: self.text.utf8.count))
    }
}
