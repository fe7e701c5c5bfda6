import Hummingbird
import NIOCore

/// What is known of one request besides the request itself.
struct AdminContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?
    /// `req_…`
    let requestID: String
    /// Who calls, once that is known.
    var caller: Caller?
    /// The token that was presented.
    var secret = ""

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.remoteAddress = source.channel.remoteAddress
        self.requestID = NewID.make("req_")
    }

    /// The address without port, for throttling and the audit log.
    var address: String? { self.remoteAddress?.ipAddress }
}
