/// A statement with its parameters. Interpolated values never become part of the text:
/// `"SELECT * FROM orgs WHERE id = \(id)"` is sent as `… id = $1` with `id` beside it.
public struct PostgresQuery: Sendable, Hashable {
    enum Piece: Sendable, Hashable {
        case text(String)
        case parameter(PostgresParameter)
    }

    var pieces: [Piece]

    /// The text as sent, with `$1`, `$2`, ….
    public var sql: String {
        var text = ""
        var number = 0
        for piece in self.pieces {
            switch piece {
            case .text(let part): text += part
            case .parameter:
                number += 1
                text += "$\(number)"
            }
        }
        return text
    }

    /// The values, in the order of their numbers.
    public var parameters: [PostgresParameter] {
        self.pieces.compactMap { piece in
            guard case .parameter(let parameter) = piece else { return nil }
            return parameter
        }
    }

    /// Takes trusted text as it is: for statements built in code, never for input.
    public init(unsafeSQL sql: String) { self.pieces = [.text(sql)] }

    /// Two parts of one statement.
    public static func + (left: PostgresQuery, right: PostgresQuery) -> PostgresQuery {
        var joined = left
        joined += right
        return joined
    }

    /// Goes on with another part of the statement.
    public static func += (left: inout PostgresQuery, right: PostgresQuery) { left.pieces += right.pieces }
}

extension PostgresQuery: ExpressibleByStringInterpolation {
    /// A statement without parameters.
    public init(stringLiteral value: String) { self.pieces = [.text(value)] }

    /// A statement with parameters.
    public init(stringInterpolation: StringInterpolation) { self.pieces = stringInterpolation.pieces }

    /// Collects text and parameters apart.
    public struct StringInterpolation: StringInterpolationProtocol {
        var pieces: [Piece] = []

        /// Starts empty.
        public init(literalCapacity: Int, interpolationCount: Int) {
            self.pieces.reserveCapacity(2 * interpolationCount + 1)
        }

        /// Text of the statement.
        public mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { self.pieces.append(.text(literal)) }
        }

        /// A value: becomes a parameter.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) {
            self.pieces.append(.parameter(PostgresParameter(value)))
        }

        /// A value or NULL: becomes a parameter. (Without it the compiler warns of optionals in interpolations.)
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            self.pieces.append(.parameter(PostgresParameter(value)))
        }

        /// A part of a statement; its parameters are numbered on.
        public mutating func appendInterpolation(_ fragment: PostgresQuery) { self.pieces += fragment.pieces }

        /// The name of a table, column or the like, quoted.
        public mutating func appendInterpolation(identifier: String) {
            self.pieces.append(.text(identifier.quotedIdentifier))
        }
    }
}

extension PostgresQuery: CustomStringConvertible {
    /// The text with `$1`; values are not shown.
    public var description: String { self.sql }
}

extension String {
    /// In double quotes, with those inside doubled (PostgreSQL documentation 4.1.1).
    var quotedIdentifier: String {
        "\"" + self.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
