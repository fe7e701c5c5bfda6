import Domain
import Yams

/// The forms that only routes use.
enum RouteShapes {
    static func method() -> Shape<String> {
        Shapes.checked("method", expected: "a method in upper case, such as GET or POST") { text in
            guard TokenText.isToken(text) else { return Complaint("not a method") }
            guard text == text.uppercased() else {
                return Complaint("methods are upper-case", mend: "write \(text.uppercased())")
            }
            guard text != "CONNECT", text != "TRACE" else { return Complaint("never forwarded", mend: "remove it") }
            return nil
        }
    }

    static func host() -> Shape<String> {
        Shapes.checked("host", expected: "a host name without port, such as api.example.com or *.example.com") { text in
            if text.hasPrefix("["), text.hasSuffix("]"), IPText.isV6(String(text.dropFirst().dropLast())) { return nil }
            guard !text.contains(":") else {
                return Complaint("a host with a port or scheme", mend: "name the host alone")
            }
            guard text == text.lowercased() else {
                return Complaint("hosts are lower-case", mend: "write it in lower case")
            }
            let name = text.hasPrefix("*.") ? String(text.dropFirst(2)) : text
            return HostText.isName(name) ? nil : Complaint("not a host name")
        }
    }

    static func path() -> Shape<String> {
        Shapes.checked("path pattern", expected: "a path such as /v1/jobs, /v1/jobs/{id} or /v1/**") { text in
            do throws(RoutePatternError) {
                _ = try RoutePattern(text)
                return nil
            } catch {
                return Complaint("not a path pattern", detail: error.reason)
            }
        }
    }

    /// A path without parameters and without a slash at the end.
    static func prefix() -> Shape<String> {
        Shapes.checked("path prefix", expected: "a path such as /v1, without a slash at the end") { text in
            guard let pattern = try? RoutePattern(text), !pattern.matchesBelow else { return Complaint("not a path") }
            for case .parameter in pattern.segments { return Complaint("a prefix cannot have parameters") }
            guard !text.hasSuffix("/") else {
                return Complaint("it ends in a slash", mend: "remove the slash at the end")
            }
            return nil
        }
    }

    static func headerName() -> Shape<String> {
        Shapes.checked("header name", expected: "a header name in lower case") { text in
            guard TokenText.isToken(text) else { return Complaint("not a header name") }
            return text == text.lowercased()
                ? nil : Complaint("header names are lower-case here", mend: "write \(text.lowercased())")
        }
    }

    static func scope() -> Shape<String> {
        Shapes.text(
            "scope", expected: "1 to 64 lower-case letters, digits and ':._-', such as jobs:write",
            where: { TokenText.isLower($0, extra: ":._-", max: 64) })
    }

    /// RFC 6901.
    static func pointer() -> Shape<String> {
        Shapes.checked("JSON pointer", expected: "a JSON pointer (RFC 6901), such as /usage/total_tokens") { text in
            guard text.isEmpty || text.hasPrefix("/") else {
                return Complaint("not a JSON pointer", mend: "start it with '/'")
            }
            for part in text.split(separator: "~", omittingEmptySubsequences: false).dropFirst()
            where part.first != "0" && part.first != "1" {
                return Complaint("'~' in a JSON pointer is followed by 0 or 1", mend: "write ~0 for '~' and ~1 for '/'")
            }
            return nil
        }
    }

    /// A number, or a mapping that names a header.
    static func cost() -> Shape<Cost> {
        let fixed = Shapes.integer(0...1_000_000_000)
        let header = costHeader().shape
        return Shape(
            type: "integer or cost header", expected: "a whole number, or a mapping with header, otherwise and max",
            read: { reader, item in
                guard case .mapping = item.node else { return fixed.read(reader, item).map { .fixed($0) } }
                return header.read(reader, item)
                    .map { .header(name: $0.header, otherwise: $0.otherwise, max: $0.max) }
            },
            write: { cost in
                switch cost {
                case .fixed(let number): fixed.write(number)
                case .header(let name, let otherwise, let max):
                    header.write(CostHeader(header: name, otherwise: otherwise, max: max))
                }
            }, record: header.record)
    }

    private struct CostHeader {
        var header = ""
        var otherwise = 1
        var max = 1_000
    }

    private static func costHeader() -> Record<CostHeader> {
        var list = FieldList { CostHeader() }
        list.add(
            "header", \.header, headerName(), "The request header that says the cost, a decimal integer.",
            isRequired: true)
        list.add(
            "otherwise", \.otherwise, Shapes.integer(0...1_000_000_000), "The cost of a request without the header.")
        list.add("max", \.max, Shapes.integer(1...1_000_000_000), "Requests that claim more are refused with 400.")
        return Record(
            title: "cost header", summary: "A cost that the request names.", blank: list.blank, sample: list.blank,
            fields: list.fields,
            check: { reader, path, cost in
                if cost.otherwise > cost.max {
                    reader.report(
                        "\(path).otherwise",
                        Complaint("larger than max", expected: "max or less", mend: "lower it, or raise max"))
                }
            })
    }

    /// A rule has exactly one field that says where its quantity comes from.
    static func meter() -> Shape<[MeterRule]> {
        let record = meterRule()
        return Shape<MeterRule>(
            type: record.title, expected: "a mapping with fields of \(record.title)",
            read: { reader, item in
                guard let draft = record.read(reader, item) else { return nil }
                guard !reader.hasError(at: item.path) else { return nil }
                return MeterRule(meter: draft.meter, quantity: draft.quantity ?? .fixed(0), when: draft.when)
            },
            write: { record.write(MeterDraft($0)) }, record: record.description, example: { record.writeSample() }
        ).list(countMax: 64)
    }

    private struct MeterDraft {
        var meter = ""
        var fixed: Int?
        var responseHeader: String?
        var jsonPointer: String?
        var lastEvent: String?
        var when = MeterRule.Condition.any

        init() {}

        init(_ rule: MeterRule) {
            meter = rule.meter
            when = rule.when
            switch rule.quantity {
            case .fixed(let quantity): fixed = quantity
            case .responseHeader(let name): responseHeader = name
            case .jsonPointer(let pointer): jsonPointer = pointer
            case .lastEvent(let pointer): lastEvent = pointer
            }
        }

        /// Nil unless exactly one source is named.
        var quantity: MeterRule.Quantity? {
            switch (fixed, responseHeader, jsonPointer, lastEvent) {
            case (let quantity?, nil, nil, nil): .fixed(quantity)
            case (nil, let name?, nil, nil): .responseHeader(name)
            case (nil, nil, let pointer?, nil): .jsonPointer(pointer)
            case (nil, nil, nil, let pointer?): .lastEvent(pointer)
            default: nil
            }
        }
    }

    private static func meterRule() -> Record<MeterDraft> {
        var list = FieldList { MeterDraft() }
        list.add("meter", \.meter, Schema.meterName(), "The meter that is counted.", isRequired: true)
        list.add("fixed", \.fixed, Shapes.integer(0...1_000_000_000).orNone(), "Counts this much for each request.")
        list.add(
            "response_header", \.responseHeader, headerName().orNone(), "Counts what this response header says.")
        list.add(
            "json_pointer", \.jsonPointer, pointer().orNone(), "Counts what stands at this place of a JSON response.")
        list.add(
            "last_event", \.lastEvent, pointer().orNone(),
            "Counts what stands at this place of the last event of an event stream whose data is JSON.")
        list.add(
            "when", \.when, Shapes.choice(MeterRule.Condition.self),
            "Which answers of the upstream count: all, or 2xx. Failures of the gateway, 429s and replays never do.")
        return Record(
            title: "meter rule",
            summary: "How much of a meter a request counts; exactly one of `fixed`, "
                + "`response_header`, `json_pointer` and `last_event` is given.", blank: list.blank,
            sample: { MeterDraft(MeterRule(meter: "requests", quantity: .fixed(1))) }, fields: list.fields,
            check: { reader, path, draft in
                guard draft.quantity == nil, !reader.hasError(at: path) else { return }
                reader.report(
                    path,
                    Complaint(
                        "where the quantity comes from is not clear",
                        expected: "exactly one of fixed, response_header, json_pointer and last_event",
                        mend: "add one, or keep one only"), showsFound: false)
            })
    }
}
