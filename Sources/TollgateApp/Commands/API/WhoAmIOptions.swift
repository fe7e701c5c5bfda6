import ArgumentParser

/// `tollgate whoami`
struct WhoAmIOptions: APIOptions {
    static let name = "whoami"
    static let abstract = "For whom a token of the admin API speaks, and with which role."
    static let example = "whoami --token-file token"
    static let view = RecordView()
    func request() -> AdminRequest { .get("/v1/whoami") }
}
