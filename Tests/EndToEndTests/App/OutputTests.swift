import Foundation
import Testing

@testable import TollgateApp

struct OutputTests {
    @Test func `a table lines up, and control characters do not reach the terminal`() {
        var table = TextTable(("METER", .left), ("QUANTITY", .right))
        table.add("jobs", "2")
        table.add("to\u{1b}[31mkens", "1000")
        #expect(table.text == "METER        QUANTITY\njobs                2\nto?[31mkens      1000\n")
    }

    @Test func `JSON is JSON whatever a record holds`() throws {
        let text = "quote \" slash \\ line\n tab\t bell \u{7} snow ☃"
        let value = JSONValue.object([("a", .list([.integer(-1), .null, .boolean(true)])), ("t", .text(text))])
        let parsed = try JSONSerialization.jsonObject(with: Data(value.text.utf8)) as? [String: Any]
        #expect(parsed?["t"] as? String == text)
        #expect(value.text.hasPrefix("{\"a\":[-1,null,true],"))
    }
}
