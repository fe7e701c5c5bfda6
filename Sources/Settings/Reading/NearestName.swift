/// Finds what somebody probably meant to write.
enum NearestName {
    /// The one candidate that begins with the name, or the candidate with the fewest edits if they are few.
    static func find(_ name: String, among candidates: [String]) -> String? {
        let longer = candidates.filter { name.count >= 3 && $0.hasPrefix(name) }
        if longer.count == 1 { return longer[0] }
        let best = candidates.map { (candidate: $0, edits: distance(Array(name), Array($0))) }
            .min { $0.edits < $1.edits }
        guard let best, best.edits <= max(1, min(name.count, best.candidate.count) / 3) else { return nil }
        return best.candidate
    }

    /// Insertions, deletions, replacements and swaps of neighbours between the two (optimal string alignment).
    private static func distance(_ from: [Character], _ to: [Character]) -> Int {
        var beforeLast = [Int](repeating: 0, count: to.count + 1)
        var last = Array(0...to.count)
        for row in 0..<from.count {
            var current = [row + 1]
            for column in 0..<to.count {
                let isEqual = from[row] == to[column]
                var edits = min(last[column] + (isEqual ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, from[row] == to[column - 1], from[row - 1] == to[column] {
                    edits = min(edits, beforeLast[column - 1] + 1)
                }
                current.append(edits)
            }
            (beforeLast, last) = (last, current)
        }
        return last[to.count]
    }
}
