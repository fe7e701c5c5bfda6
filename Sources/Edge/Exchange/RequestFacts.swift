import HTTPWire

/// What later steps need to know of a request after its head's bytes are gone.
struct RequestFacts {
    var method = Method.get
    var minorVersion: UInt8 = 1
    var framing = BodyFraming.none
    var expectsContinue = false
    var continueSent = false
    var wantsUpgrade = false
    /// What `Connection` said, for the trailers of a body that outlives its head.
    var connection = ConnectionOptions()
    var client = IPAddress(ipv4: 0)
    /// Whether the peer is a proxy whose forwarding fields are believed.
    var peerIsTrusted = false
}
