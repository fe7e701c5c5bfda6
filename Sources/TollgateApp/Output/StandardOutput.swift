/// What a command answers; messages about it go to standard error.
enum StandardOutput {
    static func write(_ text: String) { LogSink.write(text, to: 1) }

    static func line(_ text: String) { Self.write(text + "\n") }
}

/// What a command says about its work.
enum StandardError {
    static func line(_ text: String) { LogSink.write(text + "\n") }
}
