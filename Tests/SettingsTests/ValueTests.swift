import Domain
import Testing

@testable import Settings

@Suite struct ValueTests {
    @Test func `durations`() {
        let good = [
            ("0", 0), ("0s", 0), ("250ms", 250), ("10s", 10_000), ("5m", 300_000), ("1h", 3_600_000),
            ("1d", 86_400_000),
        ]
        for (text, ms) in good { #expect(DurationText.parse(text) == ms, "\(text)") }
        for text in ["", "10", "s", "1.5s", "-1s", "10 s", "10S", "99999999999999999d", "1h30m", "１s"] {
            #expect(DurationText.parse(text) == nil, "\(text)")
        }
        for ms in [0, 1, 999, 1_000, 60_000, 90_000, 3_600_000, 86_400_000, 86_400_001] {
            #expect(DurationText.parse(DurationText.write(ms)) == ms)
        }
    }

    @Test func `sizes`() {
        let good = [
            ("0", 0), ("512", 512), ("64KiB", 65_536), ("1MiB", 1 << 20), ("10MB", 10_000_000), ("1TiB", 1 << 40),
        ]
        for (text, bytes) in good { #expect(SizeText.parse(text) == bytes, "\(text)") }
        for text in ["", "1.5MiB", "1 MiB", "1mib", "MiB", "-1", "99999999999TiB"] {
            #expect(SizeText.parse(text) == nil, "\(text)")
        }
        for bytes in [0, 1, 1_023, 1_024, 1_536, 1 << 30, 1 << 40, 10_000_000] {
            #expect(SizeText.parse(SizeText.write(bytes)) == bytes)
        }
    }

    @Test func `rates`() {
        let good = [
            ("100 per 60s", 100, 60_000), ("100/min", 100, 60_000), ("10/s", 10, 1_000),
            ("1000/day", 1_000, 86_400_000),
            ("5 / 250ms", 5, 250), ("1 per hour", 1, 3_600_000), ("100/60s", 100, 60_000), ("2 per 2d", 2, 172_800_000),
        ]
        for (text, tokens, periodMs) in good {
            #expect(Rate(text) == Rate(tokens: tokens, periodMs: periodMs), "\(text)")
        }
        for text in ["", "100", "100/", "/s", "100 per", "x/s", "1.5/s", "-1/s", "1/fortnight", "1/2/s"] {
            #expect(Rate(text) == nil, "\(text)")
        }
        for rate in [
            Rate(tokens: 1, periodMs: 1), Rate(tokens: 7, periodMs: 90_000), Rate(tokens: 9, periodMs: 86_400_000),
        ] {
            #expect(Rate(rate.text) == rate)
        }
    }

    @Test func `networks`() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/32", "::1/128", "::/0"] {
            #expect(IPText.objection(toNetwork: text) == nil, "\(text)")
        }
        for text in [
            "", "10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "10.0.0/8", "::1/129", "a/8", "10.0.0.0/8/8", "::1/64",
        ] {
            #expect(IPText.objection(toNetwork: text) != nil, "\(text)")
        }
    }

    @Test func `the environment is put in`() throws {
        let environment = ["A": "x", "EMPTY": "", "D": "$A ${A}"]
        let good = [
            ("plain", "plain"), ("${A}", "x"), ("a-${A}-${A}", "a-x-x"), ("${B:-y}", "y"), ("${EMPTY:-y}", "y"),
            ("${EMPTY}", ""), ("${B:-}", ""), ("$$", "$"), ("$${A}", "${A}"), ("$A", "$A"), ("5$", "5$"),
            ("${D}", "$A ${A}"),
        ]
        for (raw, text) in good {
            #expect(try Substitution.apply(raw, environment: environment).text == text, "\(raw)")
        }
        #expect(throws: Substitution.Failure.missing(name: "B")) {
            try Substitution.apply("${B}", environment: environment)
        }
        #expect(throws: Substitution.Failure.unclosed) { try Substitution.apply("${A", environment: environment) }
        for raw in ["${}", "${1A}", "${A B}", "${A:x}", "${A?}"] {
            #expect(throws: Substitution.Failure.badName) { try Substitution.apply(raw, environment: environment) }
        }
    }

    @Test func `what the environment holds is never YAML`() throws {
        let environment = ["ID": "a: [b", "NONE": "null"]
        let text = "errors: {base_uri: 'urn:x:', documentation_url: '${NONE}'}\nredis: {password: '${ID}'}\n"
        guard case .failure(let errors) = Settings.parse(text, file: "f", environment: environment) else {
            Issue.record("'null' from the environment is taken for nothing")
            return
        }
        #expect(errors.errors.map(\.path) == ["errors.documentation_url"])
    }

    @Test func `near misses are found`() {
        let names = ["head_timeout", "head_size_max", "listen", "id"]
        #expect(NearestName.find("head_timout", among: names) == "head_timeout")
        #expect(NearestName.find("lisetn", among: names) == "listen")
        #expect(NearestName.find("di", among: names) == "id")
        #expect(NearestName.find("colour", among: names) == nil)
        #expect(NearestName.find("head_s", among: names) == "head_size_max")
        #expect(NearestName.find("x", among: []) == nil)
    }

    @Test func `passwords are hidden, the rest of a connection string is shown`() {
        let cases = [
            ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"), ("redis://:secret@h/0", "redis://:***@h/0"),
            ("postgresql://u:secret@h:5432/db", "postgresql://u:***@h:5432/db"), ("redis://u@h", "redis://u@h"),
            ("host=/run dbname=x", "host=/run dbname=x"), ("host=h password=secret", "\"***\""),
            ("\"host=h password = 'secret word'\"", "\"***\""), ("postgresql://h/db?password=secret", "\"***\""),
            ("postgresql://u:sec/ret@h/db", "\"***\""), ("postgresql://u:se@cret@h/db", "postgresql://u:***@h/db"),
        ]
        for (text, shown) in cases { #expect(Redaction.connection(text) == shown, "\(text)") }
    }
}
