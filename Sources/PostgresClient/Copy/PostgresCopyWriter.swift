/// Rows for `COPY … FROM STDIN`, in text form: append each column of a row, then end the row.
public struct PostgresCopyWriter: ~Copyable {
    private var bytes: [UInt8] = []
    private var columnsInRow = 0
    private let columns: Int
    private let send: (UnsafeRawBufferPointer) throws -> Void
    /// Sent whenever so much has come together.
    private static let chunkBytes = 64 * 1024

    /// Rows ended so far.
    public private(set) var rows = 0

    init(columns: Int, send: @escaping (UnsafeRawBufferPointer) throws -> Void) {
        self.columns = columns
        self.send = send
        self.bytes.reserveCapacity(Self.chunkBytes + 4096)
    }

    /// Appends text, or NULL.
    public mutating func append(_ value: String?) {
        self.separate()
        guard let value else { return self.bytes.append(contentsOf: [0x5C, 0x4E]) }
        for byte in value.utf8 { self.appendEscaped(byte) }
    }

    /// Appends a number.
    public mutating func append(_ value: Int) { self.append(String(value)) }

    /// Appends a truth value.
    public mutating func append(_ value: Bool) { self.append(value ? "t" : "f") }

    /// Appends bytes as bytea.
    public mutating func append(_ value: [UInt8]) {
        self.separate()
        let digits = Array("0123456789abcdef".utf8)
        self.bytes.append(contentsOf: [0x5C, 0x5C, 0x78])
        for byte in value { self.bytes.append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]]) }
    }

    /// Ends the row.
    /// - Throws: ``PostgresError`` `misuse` if the row has more or fewer columns than were named.
    public mutating func endRow() throws {
        guard self.columnsInRow == self.columns else {
            throw PostgresError(
                .misuse, "row \(self.rows + 1) has \(self.columnsInRow) columns, expected \(self.columns)")
        }
        self.bytes.append(0x0A)
        self.columnsInRow = 0
        self.rows += 1
        if self.bytes.count >= Self.chunkBytes { try self.flush() }
    }

    mutating func flush() throws {
        try self.bytes.withUnsafeBytes { try self.send($0) }
        self.bytes.removeAll(keepingCapacity: true)
    }

    private mutating func separate() {
        if self.columnsInRow > 0 { self.bytes.append(0x09) }
        self.columnsInRow += 1
    }

    /// The text format's escapes (PostgreSQL documentation, COPY): backslash, newline, return and tab.
    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case 0x5C: self.bytes.append(contentsOf: [0x5C, 0x5C])
        case 0x0A: self.bytes.append(contentsOf: [0x5C, 0x6E])
        case 0x0D: self.bytes.append(contentsOf: [0x5C, 0x72])
        case 0x09: self.bytes.append(contentsOf: [0x5C, 0x74])
        default: self.bytes.append(byte)
        }
    }
}
