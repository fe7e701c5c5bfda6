/// What counts as a word, a line and a sentence.
enum TextWords {
    /// Runs of letters and digits. An apostrophe or hyphen between two of them belongs to the word.
    static func words(of text: String) -> [Substring] {
        var words: [Substring] = []
        var start: String.Index?
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            let inside = self.isWordCharacter(text[index])
            if inside {
                start = start ?? index
            } else if let begun = start {
                let joins = "'’-".contains(text[index]) && next < text.endIndex && self.isWordCharacter(text[next])
                if !joins {
                    words.append(text[begun..<index])
                    start = nil
                }
            }
            index = next
        }
        if let start { words.append(text[start...]) }
        return words
    }

    /// Lines, a last one without a line end included. An empty text has none.
    static func lines(of text: String) -> Int {
        guard let last = text.last else { return 0 }
        let ends = text.count(where: \.isNewline)
        return last.isNewline ? ends : ends + 1
    }

    /// Runs of text that hold a word and end in a full stop or the text's end.
    static func sentences(of text: String) -> Int {
        var sentences = 0
        var hasWord = false
        var stopped = false
        for character in text {
            if stopped && character.isWhitespace && hasWord {
                sentences += 1
                hasWord = false
            }
            if ".!?…".contains(character) {
                stopped = true
            } else if !"\"'”’)]".contains(character) {
                stopped = false
            }
            if self.isWordCharacter(character) { hasWord = true }
        }
        return hasWord ? sentences + 1 : sentences
    }

    static func isWordCharacter(_ character: Character) -> Bool { character.isLetter || character.isNumber }
}
