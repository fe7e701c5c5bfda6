import Testing

@testable import TollgateApp

struct RedactionTests {
    @Test func `OB-5: no API key and no password gets through a log line`() {
        let key = "tgk_live_0123456789ABCDEFGHIJKLMNOPQRSTUV0qxvrv"
        for line in [key, "Bearer \(key)", "a=\(key) b=\(key)", "\"\(key)\"", "https://\(key)@host/"] {
            let masked = Redaction.masked(line)
            #expect(!masked.contains("3456789ABC"), "\(masked)")
            #expect(masked.contains("tgk_live_012..."))
        }
        #expect(
            Redaction.masked("to postgresql://u:p%40ss:word@db/x and redis://:secret@r:1/0")
                == "to postgresql://u:***@db/x and redis://:***@r:1/0")
    }

    @Test func `other text stays as it is`() {
        for line in [
            "", "a_live_wire", "unit_test_name", "https://host/path?a=b@c", "postgresql://user@host/db", "://:@",
        ] {
            #expect(Redaction.masked(line) == (line == "://:@" ? "://:***@" : line))
        }
    }
}
