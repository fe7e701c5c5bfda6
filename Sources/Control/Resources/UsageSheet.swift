import Records

/// Usage as comma-separated values (RFC 4180), with a line of headings.
enum UsageSheet {
    static func text(_ sums: [UsageSum]) -> String {
        var text = "start,environment,meter,api_key_id,quantity\r\n"
        for sum in sums {
            let cells = [
                Timestamp.text(sum.start), sum.environment.rawValue, sum.meter, sum.apiKeyID ?? "",
                String(sum.quantity),
            ]
            text += cells.map(Self.quoted).joined(separator: ",") + "\r\n"
        }
        return text
    }

    /// A cell that a spreadsheet would take for a formula is no business of ours: meters begin with a letter.
    private static func quoted(_ cell: String) -> String {
        guard cell.contains(where: { ",\"\r\n".contains($0) }) else { return cell }
        return "\"" + cell.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
