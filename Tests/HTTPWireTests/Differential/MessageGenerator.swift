/// Valid messages, then small damage: what a byte-flipping attacker or a careless peer would send.
struct MessageGenerator {
    var random: Seeded

    init(seed: UInt64) { self.random = Seeded(seed: seed) }

    /// One or two requests, mostly damaged.
    mutating func requests() -> [UInt8] {
        var message = self.request()
        if self.random.chance(25) { message += self.request() }
        self.damage(&message)
        return message
    }

    /// A response, perhaps after an interim one, mostly damaged.
    mutating func responses() -> [UInt8] {
        var message: [UInt8] = []
        if self.random.chance(10) {
            message += bytes("HTTP/1.1 \(self.random.one(of: ["100 Continue", "103 Early Hints"]))\r\n\r\n")
        }
        let status = self.random.one(of: [
            "200 OK", "200 OK", "200 OK", "204 No Content", "304 Not Modified", "404 ", "500 x y", "201",
        ])
        message += bytes("HTTP/1.\(self.random.chance(90) ? 1 : 0) \(status)\r\n")
        message += self.fieldsAndBody()
        self.damage(&message)
        return message
    }

    private mutating func request() -> [UInt8] {
        let methods = ["GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
        let targets = [
            "/", "/v1/jobs?x=1", "/a%2Fb/..;c?d?e", "http://b.example/x", "/~\"<>^`{|}",
            "/" + String(repeating: "p", count: 30),
        ]
        let target = self.random.chance(3) ? "*" : self.random.one(of: targets)
        let line =
            "\(self.random.one(of: methods)) \(target) HTTP/1.\(self.random.chance(90) ? 1 : 0)\r\n"
        return bytes(line + "Host: a.example\r\n") + self.fieldsAndBody()
    }

    private mutating func fieldsAndBody() -> [UInt8] {
        var lines: [String] = []
        for _ in 0..<self.random.below(5) { lines.append(self.random.one(of: Self.plainLines)) }
        var body: [UInt8] = []
        switch self.random.below(4) {
        case 0: break
        case 1:
            let count = self.random.below(20)
            lines.insert("Content-Length: \(count)", at: self.random.below(lines.count + 1))
            body = Array(repeating: UInt8(ascii: "b"), count: count)
        default:
            lines.insert("Transfer-Encoding: chunked", at: self.random.below(lines.count + 1))
            body = self.chunks()
        }
        if self.random.chance(15) {
            lines.insert(self.random.one(of: Self.oddLines), at: self.random.below(lines.count + 1))
        }
        return bytes(lines.map { $0 + "\r\n" }.joined() + "\r\n") + body
    }

    private mutating func chunks() -> [UInt8] {
        var text = ""
        for _ in 0..<self.random.below(4) {
            let count = 1 + self.random.below(20)
            text += String(count, radix: 16) + self.random.one(of: ["", "", ";x", ";a=\"b\"", ";a=b;c"]) + "\r\n"
            text += String(repeating: "c", count: count) + "\r\n"
        }
        return bytes(
            text + self.random.one(of: ["0", "0", "00", "0;z"]) + "\r\n"
                + self.random.one(of: ["", "", "X-Sum: 1\r\n"]) + "\r\n")
    }

    private mutating func damage(_ message: inout [UInt8]) {
        for _ in 0..<self.random.one(of: [0, 1, 1, 1, 2, 3]) where !message.isEmpty {
            let place = self.random.below(message.count)
            switch self.random.below(9) {
            case 0: message[place] = UInt8(self.random.below(256))
            case 1: message[place] = self.random.one(of: Self.tellingBytes)
            case 2: message.insert(self.random.one(of: Self.tellingBytes), at: place)
            case 3: message.remove(at: place)
            case 4: message.removeLast(self.random.below(message.count))
            case 5:
                self.replace(
                    bytes("\r\n"),
                    by: self.random.one(of: ["\n", "\r", "\r\n ", "\r\n\t", "\r\r\n", " \r\n", "\t\r\n"]), in: &message)
            case 6:
                self.replace(bytes(":"), by: self.random.one(of: [" :", ":\t", "", "::", ": ,", "\t:"]), in: &message)
            case 7: self.insertLine(&message)
            default: message[place] ^= 0x20
            }
        }
    }

    /// Replaces one occurrence, anywhere.
    private mutating func replace(_ old: [UInt8], by new: String, in message: inout [UInt8]) {
        let places = message.indices.filter { message[$0...].starts(with: old) }
        guard !places.isEmpty else { return }
        let place = self.random.one(of: places)
        message.replaceSubrange(place..<place + old.count, with: bytes(new))
    }

    private mutating func insertLine(_ message: inout [UInt8]) {
        let line = bytes(self.random.one(of: Self.oddLines) + "\r\n")
        let places = message.indices.filter { message[$0...].starts(with: [0x0D, 0x0A]) }
        guard !places.isEmpty else { return }
        message.insert(contentsOf: line, at: self.random.one(of: places) + 2)
    }

    private static let tellingBytes: [UInt8] = bytes(
        "\r\n\0\u{01}\u{0B}\u{0C}\u{7F}\u{80}\u{E9}\u{FF} \t:,;\"0129aAxXgG+-_=#?*/@[](){}\\")

    private static let plainLines = [
        "X-A: 1", "X-Long: " + String(repeating: "value ", count: 12) + "end", "Accept:*/*", "X-Empty:",
        "Cookie: a=b; c=d",
        "x-tab:\ta\tb \t", "Connection: keep-alive", "Connection: x-a, close", "Via: 1.1 p", "User-Agent: t/1 (x; y)",
        "TE: trailers",
        "Content-Type: text/plain", "X-High: caf\u{C3}\u{A9}",
    ]

    private static let oddLines = [
        "Content-Length: 5", "Content-Length: +5", "Content-Length: 5, 5", "Content-Length:", "Content-Length: 00005",
        "Content-Length: 99999999999999999999", "Content-Length: 0", "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: xchunked", "Transfer-Encoding: identity",
        "Transfer-Encoding:",
        "transfer-encoding: CHUNKED", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: ,chunked",
        "Host: b.example", "Host:", "Host: a b",
        "Expect: 100-continue", "Expect: other", "Connection: close", "Connection: upgrade\r\nUpgrade: websocket",
        "Upgrade: h2c", "X-High: \u{E9}\u{FF}",
        "X : 1", ": 1", "X-No-Colon", " X: fold", "X\u{80}: 1", "x_y: 1", "Proxy-Connection: close",
    ]
}
