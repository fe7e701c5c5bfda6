import HTTPWire
import Testing

/// Checks that the first message of `message`, if it is valid, means the same after a gateway has forwarded it: the
/// rewritten bytes hold exactly one message, with the same content and the fields that may pass.
func expectForwardedAlike(
    _ message: [UInt8], isRequest: Bool, note: String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    guard let out = isRequest ? forwarded(message) : forwardedResponse(message, answering: .get) else { return }
    let side: ConnectionReader.Side = isRequest ? .requests : .responses(.get)
    guard let before = read(message, side).messages.first, let after = read(out, side).messages.first else {
        Issue.record("\(note) does not read back: \(text(out).debugDescription)", sourceLocation: sourceLocation)
        return
    }
    var problems: [String] = []
    if read(out, side).messages.count != 1 { problems.append("more than one message") }
    if after.body != before.body { problems.append("body") }
    if after.first != before.first { problems.append("method or status") }
    if isRequest { problems += requestProblems(before, after) }
    let kept = passing(before.fields)
    if passing(after.fields) != kept { problems.append("fields \(kept) \(passing(after.fields))") }
    if after.trailers.contains(where: { line in !before.trailers.contains(line) }) { problems.append("trailers") }
    guard !problems.isEmpty else { return }
    Issue.record(
        "\(note) \(problems): \(text(message).debugDescription) became \(text(out).debugDescription)",
        sourceLocation: sourceLocation)
}

private func requestProblems(_ before: SeenMessage, _ after: SeenMessage) -> [String] {
    var problems: [String] = []
    let path = before.derived[4].hasPrefix("/") || before.second == [0x2A] ? before.derived[4] : "/" + before.derived[4]
    let isServerWide = before.derived[0] == "options" && before.derived[4].isEmpty
    if text(after.second) != (isServerWide ? "*" : path) { problems.append("target") }
    if before.derived[5] != "", after.derived[5...6] != before.derived[5...6] { problems.append("authority") }
    return problems
}

/// The fields that are neither hop-by-hop nor rewritten nor named by Connection.
private func passing(_ fields: [SeenField]) -> [SeenField] {
    // Expect passes or not by version and framing; FieldRemovalTests says when.
    let rewritten: Set = [
        "expect",
        "host", "connection", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive",
        "proxy-connection", "proxy-authenticate", "proxy-authorization", "http2-settings",
    ]
    let protected: Set = ["authorization", "cache-control", "x-api-key", "cookie", "idempotency-key"]
    let named = fields.filter { text($0.name).lowercased() == "connection" }
        .flatMap { text($0.value).lowercased().split(separator: ",") }
        .map {
            $0.drop { $0 == " " || $0 == "\t" }.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(
                separator: " ")
        }
    return fields.filter { field in
        let name = text(field.name).lowercased()
        if rewritten.contains(name) { return false }
        if protected.contains(name) || name.hasPrefix("x-tollgate-") { return true }
        return !named.contains(name) || name.contains("_")
    }
}
