import Foundation
import Yams

/// What is wrong with a scenario file: everything at once, each with its line.
public struct ScenarioError: Error, CustomStringConvertible, Equatable {
    public var problems: [String]
    public var description: String { problems.joined(separator: "\n") }
}

/// Reads a scenario file. Unknown fields are refused.
public struct ScenarioFile {
    private let file: String
    private var problems: [String] = []

    /// `values` take the place of `${NAME}`.
    public static func read(_ text: String, file: String, values: [String: String] = [:]) throws -> Scenario {
        var reader = ScenarioFile(file: file)
        let text = reader.filled(text, values)
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw ScenarioError(problems: ["\(file): not YAML: \(error)"])
        }
        let scenario = reader.scenario(root)
        guard reader.problems.isEmpty, let scenario else { throw ScenarioError(problems: reader.problems) }
        return scenario
    }

    private init(file: String) { self.file = file }

    private mutating func filled(_ text: String, _ values: [String: String]) -> String {
        var pieces = text.components(separatedBy: "${")
        let first = pieces.removeFirst()
        return pieces.reduce(into: first) { filled, piece in
            guard let end = piece.firstIndex(of: "}") else { return filled += "${" + piece }
            let name = String(piece[..<end])
            guard let value = values[name] else {
                problems.append("\(file): ${\(name)} has no value: give it with --set \(name)=...")
                return filled += piece[piece.index(after: end)...]
            }
            filled += value + piece[piece.index(after: end)...]
        }
    }

    private mutating func complain(_ node: Node?, _ what: String) {
        let line = node?.mark.map { ":\($0.line)" } ?? ""
        problems.append("\(file)\(line): \(what)")
    }

    /// The fields of a mapping by name, after a complaint about those that are not known.
    private mutating func fields(_ node: Node?, of name: String, known: [String]) -> [String: Node] {
        guard let node, case .mapping(let mapping) = node else {
            complain(node, "\(name): expected a mapping with \(known.joined(separator: ", "))")
            return [:]
        }
        var found: [String: Node] = [:]
        for (key, value) in mapping {
            let word = key.string ?? "?"
            if known.contains(word) {
                found[word] = value
            } else {
                complain(key, "\(name): unknown field '\(word)'; expected one of \(known.joined(separator: ", "))")
            }
        }
        return found
    }

    private mutating func scenario(_ root: Node?) -> Scenario? {
        let known = ["name", "about", "requests", "load", "keys", "limits", "statuses"]
        let top = fields(root, of: "scenario", known: known)
        let requests = (top["requests"]?.sequence.map { Array($0) } ?? []).compactMap { request($0) }
        if requests.isEmpty { complain(top["requests"] ?? root, "requests: expected at least one") }
        guard let load = load(top["load"] ?? root) else { return nil }
        return Scenario(
            name: top["name"]?.string ?? "load", about: top["about"]?.string ?? "", requests: requests, load: load,
            keys: keys(top["keys"]), limits: (top["limits"]?.sequence.map { Array($0) } ?? []).compactMap { limit($0) },
            statuses: statuses(top["statuses"]))
    }

    private mutating func request(_ node: Node) -> RequestKind? {
        let known = [
            "name", "weight", "method", "path", "headers", "body", "body_bytes", "repetitions", "events",
        ]
        let found = fields(node, of: "request", known: known)
        guard let path = found["path"]?.string, path.hasPrefix("/") else {
            complain(node, "request: expected `path`, beginning with /")
            return nil
        }
        var headers: [Header] = []
        if let mapping = found["headers"]?.mapping {
            for (key, value) in mapping {
                headers.append(Header(name: key.string ?? "", value: value.scalar?.string ?? ""))
            }
        }
        var body = found["body"]?.scalar?.string
        if let bytes = found["body_bytes"] {
            body = String(repeating: "x", count: whole(bytes, "body_bytes", 0...1 << 30) ?? 0)
        }
        let method = found["method"]?.string ?? (body == nil ? "GET" : "POST")
        return RequestKind(
            name: found["name"]?.string ?? "\(method) \(path)",
            weight: found["weight"].flatMap { number($0, "weight", atLeast: 0) } ?? 1, method: method, path: path,
            headers: headers, body: body,
            repetitions: found["repetitions"].flatMap { whole($0, "repetitions", 1...1_000_000) } ?? 1,
            isEventStream: found["events"]?.bool ?? false)
    }

    private mutating func load(_ node: Node?) -> Load? {
        let known = [
            "loop", "stages", "rate", "for", "arrivals", "warm_up", "connections", "threads", "think",
        ]
        let found = fields(node, of: "load", known: known)
        let loop: Load.Loop
        switch found["loop"]?.string ?? "open" {
        case "closed":
            guard let durationNs = span(found["for"], "for", in: node) else { return nil }
            loop = .closed(durationNs: durationNs, thinkNs: found["think"].flatMap { span($0, "think", in: node) } ?? 0)
        case "open":
            var stages = (found["stages"]?.sequence.map { Array($0) } ?? []).compactMap { stage($0) }
            if let rate = found["rate"] {
                guard let perSecond = number(rate, "rate", atLeast: 0), let ns = span(found["for"], "for", in: node)
                else { return nil }
                stages.append(Load.Stage(rate: perSecond, durationNs: ns))
            }
            if stages.isEmpty { complain(node, "load: an open loop needs `rate` and `for`, or `stages` of them") }
            let arrivals = found["arrivals"]?.string ?? "even"
            if arrivals != "even", arrivals != "random" {
                complain(found["arrivals"], "arrivals: expected even or random, found '\(arrivals)'")
            }
            loop = .open(stages, isRandom: arrivals == "random")
        case let other:
            complain(found["loop"], "loop: expected open or closed, found '\(other)'")
            return nil
        }
        return Load(
            loop: loop, connections: found["connections"].flatMap { whole($0, "connections", 1...100_000) } ?? 64,
            threads: found["threads"].flatMap { whole($0, "threads", 1...64) } ?? 1,
            warmUpNs: found["warm_up"].flatMap { span($0, "warm_up", in: node) } ?? 0)
    }

    private mutating func stage(_ node: Node) -> Load.Stage? {
        let found = fields(node, of: "stage", known: ["rate", "for"])
        guard let rate = found["rate"].flatMap({ number($0, "rate", atLeast: 0) }),
            let durationNs = span(found["for"], "for", in: node)
        else { return nil }
        return Load.Stage(rate: rate, durationNs: durationNs)
    }

    private mutating func keys(_ node: Node?) -> KeyChoice {
        guard let node else { return .uniform }
        let found = fields(node, of: "keys", known: ["pick", "exponent", "share"])
        switch found["pick"]?.string ?? "uniform" {
        case "uniform": return .uniform
        case "zipf": return .zipf(exponent: found["exponent"].flatMap { number($0, "exponent", atLeast: 0) } ?? 1.1)
        case "hot":
            let share = found["share"].flatMap { number($0, "share", atLeast: 0) } ?? 0.9
            if share > 1 { complain(found["share"], "share: expected at most 1") }
            return .hot(share: share)
        case let other:
            complain(found["pick"], "pick: expected uniform, zipf or hot, found '\(other)'")
            return .uniform
        }
    }

    private mutating func limit(_ node: Node) -> AllowedRate? {
        let found = fields(node, of: "limit", known: ["scope", "capacity", "refill"])
        guard let scope = AllowedRate.Scope(rawValue: found["scope"]?.string ?? "key") else {
            complain(found["scope"], "scope: expected key or all")
            return nil
        }
        guard let capacity = found["capacity"].flatMap({ number($0, "capacity", atLeast: 1) }),
            let refill = found["refill"]?.scalar?.string, let perSecond = Units.rate(refill)
        else {
            complain(node, "limit: expected `capacity: 20` and `refill: 100 per 60s`")
            return nil
        }
        return AllowedRate(scope: scope, capacity: capacity, refillPerSecond: perSecond)
    }

    private mutating func statuses(_ node: Node?) -> Set<Int> {
        guard let node else { return Scenario.usualStatuses }
        return Set((node.sequence.map { Array($0) } ?? []).compactMap { whole($0, "statuses", 100...599) })
    }

    private mutating func number(_ node: Node, _ name: String, atLeast least: Double) -> Double? {
        if let value = node.float ?? node.int.map(Double.init), value >= least { return value }
        complain(node, "\(name): expected a number of at least \(least), found '\(node.scalar?.string ?? "?")'")
        return nil
    }

    private mutating func whole(_ node: Node, _ name: String, _ range: ClosedRange<Int>) -> Int? {
        if let value = node.int, range.contains(value) { return value }
        complain(
            node,
            "\(name): expected a whole number from \(range.lowerBound) to \(range.upperBound), "
                + "found '\(node.scalar?.string ?? "?")'")
        return nil
    }

    private mutating func span(_ node: Node?, _ name: String, in parent: Node?) -> UInt64? {
        if let text = node?.scalar?.string, let ns = Units.nanoseconds(text) { return ns }
        complain(node ?? parent, "\(name): expected a duration like 500ms, 10s or 2m")
        return nil
    }
}
