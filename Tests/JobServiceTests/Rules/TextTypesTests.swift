import Testing

@testable import JobService

@Suite struct `Work on text` {
    @Test func `counting sees what a reader sees`() {
        let text = "The cat's owner left. \"Really?\" the cat asked…\nA well-known cat! 3.5 kg 👩‍👩‍👧\n"
        let output = CountInput(text: text, top: 2).run().output
        #expect(output["words"] == 14)
        #expect(output["sentences"] == 5)
        #expect(output["lines"] == 2)
        #expect(output["characters"] == .integer(text.count))
        #expect(output["bytes"] == .integer(text.utf8.count))
        let top: JSONValue = [["word": "cat", "count": 2], ["word": "the", "count": 2]]
        #expect(output["most_frequent"] == top)
    }

    @Test(arguments: [
        ("", 0, 0, 0), ("one", 1, 1, 1), ("one\n", 1, 1, 1), ("\n\n", 0, 2, 0), ("a. b. c.", 3, 1, 3),
        ("it's rock'n'roll -- 'quoted' well-known", 4, 1, 1), ("Wer? Ich… Ja!", 3, 1, 3), ("…", 0, 1, 0),
        ("v1.2.3 is out", 5, 1, 1), ("größe 東京", 2, 1, 1),
    ])
    func `words, lines and sentences`(text: String, words: Int, lines: Int, sentences: Int) {
        #expect(TextWords.words(of: text).count == words)
        #expect(TextWords.lines(of: text) == lines)
        #expect(TextWords.sentences(of: text) == sentences)
    }

    @Test(arguments: [
        (TransformInput.Step.upper, "straße 1", "STRASSE 1"), (.lower, "ÄB C", "äb c"),
        (.reverseWords, "one  two three\nfour five", "three two one\nfive four"),
        (.titleCase, "it's a WELL-known fact", "It's A Well-Known Fact"),
        (.slug, "  Hello, World! It's 2026 ", "hello-world-its-2026"),
    ])
    func `each step changes the text as named`(step: TransformInput.Step, before: String, after: String) {
        #expect(step.applied(to: before) == after)
    }

    @Test func `steps are applied in order`() {
        let result = TransformInput(text: "one two", steps: [.reverseWords, .upper, .slug]).run()
        #expect(result.output["text"] == "two-one")
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ])
    func `SHA-256 as FIPS 180-4 has it`(text: String, digest: String) {
        #expect(Sha256.hex(text) == digest)
    }

    @Test func `SHA-256 does not care how the message is cut`() {
        var random = SeededRandom(seed: 7)
        for length in 0..<260 {
            let bytes = (0..<length).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            var whole = Sha256()
            bytes.withUnsafeBytes { whole.update($0) }
            var pieces = Sha256()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(Int.random(in: 1...80, using: &random)))
                piece.withUnsafeBytes { pieces.update($0) }
                rest = rest.dropFirst(piece.count)
            }
            #expect(whole.finish() == pieces.finish(), "length \(length), seed 7")
        }
    }

    @Test func `checksums of the usual test text`() {
        let output = HashInput(text: "123456789", algorithms: [.crc32, .fnv1a64]).run().output
        #expect(output["digests"]?["crc32"] == "cbf43926")
        #expect(output["digests"]?["fnv1a64"] == "06d5573923c6cdfc")
        #expect(output["digests"]?["sha256"] == nil)
    }

    @Test func `a unit is a hundred bytes begun`() {
        #expect([0, 1, 100, 101, 250].map { JobUsage(textBytes: $0).units } == [1, 1, 1, 2, 3])
        let asked = JobUsage(promptTokens: 9, completionTokens: 41)
        #expect(asked.units == 2)
        #expect(asked.json == ["units": 2, "tokens": 50, "prompt_tokens": 9, "completion_tokens": 41])
    }
}
