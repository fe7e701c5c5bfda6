import HTTPWire
import Testing

/// Checks that `message` is read alike whole, cut in two at every place, and a byte at a time.
func expectSameWhenSplit(
    _ message: [UInt8], _ side: ConnectionReader.Side = .requests, limits: HeadLimits = HeadLimits(),
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let whole = read(message, side, limits: limits)
    for cut in 0...message.count {
        let split = read(message, side, cuts: [cut], limits: limits)
        guard split != whole else { continue }
        Issue.record(
            "cut at \(cut): \(split)\nwhole: \(whole)\nmessage: \(text(message).debugDescription)",
            sourceLocation: sourceLocation)
        return
    }
    let dripped = read(message, side, cuts: Array(0..<message.count), limits: limits)
    #expect(dripped == whole, "dripped: \(text(message).debugDescription)", sourceLocation: sourceLocation)
}
