import HTTPWire

/// What later steps need to know of a request after its head's bytes are gone.
struct RequestFacts {
    var method = Method.get
    var minorVersion: UInt8 = 1
    var framing = BodyFraming.none
    var expectsContinue = false
    var continueSent = false
    var wantsUpgrade = false
    var client = IPAddress(ipv4: 0)
}
