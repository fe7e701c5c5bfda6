import Foundation
import LoadModel

/// What the gateway says it has metered, asked through a command of the user's.
enum UsageCommand {
    static func ask(_ command: String) throws -> Int {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        process.standardOutput = output
        do { try process.run() } catch { throw Unusable("--usage: \(error.localizedDescription)") }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0, let number = Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { throw Unusable("--usage: expected a whole number from '\(command)', got '\(text.prefix(200))'") }
        return number
    }

    /// Waits until what was metered is what was served. What broke may have been served all the same.
    static func check(_ command: String, before: Int, tally: Tally, withinNs: UInt64) async throws -> Check {
        let unknown = tally.broken + tally.timeouts
        let expected = tally.servedInAll...tally.servedInAll + unknown
        let deadline = ContinuousClock.now + .nanoseconds(Int64(withinNs))
        var metered = try ask(command) - before
        while !expected.contains(metered), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(500))
            metered = try ask(command) - before
        }
        return Check(
            name: "usage", isMet: expected.contains(metered),
            says: "\(metered) metered, \(tally.servedInAll) served"
                + (unknown > 0 ? ", \(unknown) of which nobody knows" : ""))
    }
}
