/// What happened, event by event; kept only when a run is told again.
final class Story {
    let isKept: Bool
    private(set) var lines: [String] = []

    init(isKept: Bool) {
        self.isKept = isKept
    }

    func note(_ nowUs: Int, _ who: String, _ what: () -> String) {
        guard self.isKept else { return }
        let time = Self.padded(nowUs / 1_000, 6) + "." + Self.padded(nowUs % 1_000, 3, with: "0")
        let name = who + String(repeating: " ", count: max(0, 11 - who.count))
        self.lines.append("\(time)  \(name) \(what())")
    }

    private static func padded(_ number: Int, _ width: Int, with filler: Character = " ") -> String {
        let text = String(number)
        return String(repeating: filler, count: max(0, width - text.count)) + text
    }
}
