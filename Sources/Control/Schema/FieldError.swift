/// One thing that is wrong with a request, as in `errors` of a problem document.
struct FieldError: Error, Sendable, Equatable {
    enum Place: Sendable, Equatable {
        /// Into the body (RFC 6901).
        case pointer(String)
        /// Of the query.
        case parameter(String)
        case header(String)
    }

    let place: Place
    let detail: String

    var json: JSON {
        switch self.place {
        case .pointer(let pointer): ["pointer": .string(pointer), "detail": .string(self.detail)]
        case .parameter(let name): ["parameter": .string(name), "detail": .string(self.detail)]
        case .header(let name): ["header": .string(name), "detail": .string(self.detail)]
        }
    }
}
