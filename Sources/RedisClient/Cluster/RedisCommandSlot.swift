/// Where a command of arbitrary words has its first key, for the control plane; the data path knows its slots.
enum RedisCommandSlot {
    private static let keyless: Set<String> = [
        "PING", "TIME", "INFO", "SCAN", "SCRIPT", "CLUSTER", "CONFIG", "CLIENT", "WAIT", "DBSIZE", "FLUSHALL", "KEYS",
        "MULTI", "EXEC", "DISCARD", "COMMAND", "DEBUG",
    ]

    /// nil where any server will do.
    static func of(_ arguments: [RedisArgument]) -> Int? {
        guard let name = arguments.first?.wireBytes else { return nil }
        let word = String(decoding: name, as: UTF8.self).uppercased()
        if Self.keyless.contains(word) { return nil }
        let isScript = word == "EVALSHA" || word == "EVAL"
        if isScript, arguments.count > 2, arguments[2].wireBytes == Array("0".utf8) { return nil }
        let index = isScript ? 3 : 1
        guard arguments.count > index else { return nil }
        return RedisSlot.of(arguments[index].wireBytes)
    }
}
