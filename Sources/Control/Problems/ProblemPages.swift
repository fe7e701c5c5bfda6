import Domain

/// The problems' documentation as HTML without scripts, styles from elsewhere, or anything taken from a request.
struct ProblemPages {
    let baseURI: String

    /// Every problem, by status.
    var index: String {
        let rows = ProblemCode.allCases
            .sorted { ($0.status, $0.slug) < ($1.status, $1.slug) }
            .map { code in
                """
                <tr><td>\(code.status)</td><td><a href="/problems/\(code.slug)">\(Self.escaped(code.slug))</a></td>\
                <td>\(Self.escaped(code.title))</td></tr>
                """
            }
        return self.document(
            title: "Problems",
            body: """
                <h1>Problems</h1>
                <p>Errors that the gateway itself makes are <code>application/problem+json</code> (RFC 9457) with one of \
                these codes, and carry it in <code>X-Tollgate-Error</code> too. Errors without that header come from the \
                service behind it.</p>
                <table><tr><th>Status</th><th>Code</th><th>Title</th></tr>
                \(rows.joined(separator: "\n"))
                </table>
                """)
    }

    /// The page of one problem.
    func page(for code: ProblemCode) -> String {
        self.document(
            title: code.title,
            body: """
                <h1>\(Self.escaped(code.title))</h1>
                <table>
                <tr><th>Status</th><td>\(code.status)</td></tr>
                <tr><th>Code</th><td><code>\(Self.escaped(code.slug))</code></td></tr>
                <tr><th>Type</th><td><code>\(Self.escaped(self.baseURI + code.slug))</code></td></tr>
                </table>
                <p>\(Self.marked(code.detail))</p>
                <p>\(Self.marked(code.help))</p>
                <p><a href="/problems">All problems</a></p>
                """)
    }

    private func document(title: String, body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title)) - Tollgate</title>
        <meta name="viewport" content="width=device-width">
        <style>body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
        table{border-collapse:collapse}th,td{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}</style>
        </head><body>
        \(body)
        </body></html>

        """
    }

    /// Escaped text in which what stands between backticks is code.
    private static func marked(_ text: String) -> String {
        let parts = text.split(separator: "`", omittingEmptySubsequences: false).map { Self.escaped(String($0)) }
        var result = ""
        for (index, part) in parts.enumerated() {
            // An odd part lies between two backticks, unless the last one is missing.
            result += index % 2 == 1 && index + 1 < parts.count ? "<code>\(part)</code>" : part
        }
        return result
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}
