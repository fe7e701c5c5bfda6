/// Pieces that the first lines of requests and responses share.
enum StartLine {
    case complete(next: Int)
    case incomplete
    case failed(WireError)

    /// "HTTP/1.1" and "HTTP/1.0", first byte lowest.
    static var http11: UInt64 { 0x312E_312F_5054_5448 }
    static var http10: UInt64 { 0x302E_312F_5054_5448 }

    /// Whether `word` is `HTTP/`, a digit, a dot and a digit.
    static func isVersion(_ word: UInt64) -> Bool {
        word & 0xFF_FFFF_FFFF == 0x2F_5054_5448  // "HTTP/"
            && UInt8(truncatingIfNeeded: word &>> 40).isDigit
            && UInt8(truncatingIfNeeded: word &>> 48) == 0x2E
            && UInt8(truncatingIfNeeded: word &>> 56).isDigit
    }
}
