public import NIOCore

/// Who waits for a reply. Subclass it; the object may be used again as soon as one of its methods has been called.
///
/// A class and not a protocol or closure: a call costs one indirect jump, and an exchange that is a waiter itself costs
/// no allocation. All calls come on the link's event loop. For every command that `send` accepted exactly one of
/// `redisReplied` and `redisFailed` is called, once, never from inside `send`; both may call `send`.
open class RedisWaiter {
    public init() {}

    /// The reply, which is not an error. It is valid only during this call. Errors inside an array do arrive here.
    open func redisReplied(_ reply: borrowing RedisReply) {}

    /// There will be no reply. A later one, after a deadline, is swallowed by the link.
    open func redisFailed(_ failure: RedisFailure) {}

    /// Redis has lost its scripts and did not execute the command; they are being loaded again. Append the command once
    /// more, byte for byte, and return true. The default returns false: the error is then handed to `redisFailed`.
    ///
    /// The waiter encodes again because that is free until it happens; keeping the bytes of every command in flight
    /// would cost a copy each. The link must not be called from here. The deadline of the command stays as it was; its
    /// order among other commands does not.
    open func redisResend(into output: inout ByteBuffer) -> Bool { false }
}
