import Domain
import PostgresClient
import Records

extension AdminProblem {
    /// A refusal by the records.
    init(_ error: RecordsError) { self.init(.conflict, detail: Self.sentence(error.description)) }

    /// A failure of PostgreSQL; nil for what is a defect of ours.
    init?(_ error: PostgresError) {
        switch error.source {
        case .unreachable, .authentication, .connectionLost, .busy, .closed, .timeout, .serialization:
            self.init(.recordsUnavailable)
        case .constraint:
            if let refusal = RecordsError(refusal: error) { self.init(refusal) } else { self.init(.conflict) }
        case .data: self.init(.validationFailed, detail: "A value is out of range.")
        case .configuration, .cancelled, .statement, .misuse: return nil
        }
    }

    private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }
}
