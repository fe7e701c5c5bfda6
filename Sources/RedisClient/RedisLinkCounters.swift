/// What a link has done since it was made. Read it on the link's event loop.
public struct RedisLinkCounters: Sendable, Equatable {
    /// Accepted by `send`; the link's own set-up is not counted.
    public var commands = 0
    /// Writes to the socket: one per turn of the event loop that sent anything.
    public var flushes = 0
    public var bytesWritten = 0
    public var bytesRead = 0
    /// All replies, the link's own and late ones included.
    public var replies = 0
    /// Replies that came after their deadline, to nobody.
    public var lateReplies = 0
    public var serverErrors = 0
    public var refusedNotConnected = 0
    public var refusedQueueFull = 0
    public var deadlinesExceeded = 0
    /// Commands that were failed because their connection ended.
    public var commandsLost = 0
    public var protocolErrors = 0
    /// Connections given up because nothing had come for `stallTimeoutMs`.
    public var stalls = 0
    public var connectAttempts = 0
    /// Attempts that became ready.
    public var connects = 0
    /// Connections lost after they were ready.
    public var disconnects = 0
    /// Times the scripts were loaded again because Redis had lost them.
    public var scriptReloads = 0
    /// Commands sent again after that.
    public var resends = 0
    /// In a cluster: commands that a node sent elsewhere for good (`MOVED`), or for this once (`ASK`).
    public var moved = 0
    public var asked = 0
    /// Commands that had to wait for a node to be connected, or for a slot between two nodes.
    public var waited = 0

    public init() {}

    /// Adds what another link did.
    public static func += (left: inout RedisLinkCounters, right: RedisLinkCounters) {
        left.commands += right.commands
        left.flushes += right.flushes
        left.bytesWritten += right.bytesWritten
        left.bytesRead += right.bytesRead
        left.replies += right.replies
        left.lateReplies += right.lateReplies
        left.serverErrors += right.serverErrors
        left.refusedNotConnected += right.refusedNotConnected
        left.refusedQueueFull += right.refusedQueueFull
        left.deadlinesExceeded += right.deadlinesExceeded
        left.commandsLost += right.commandsLost
        left.protocolErrors += right.protocolErrors
        left.stalls += right.stalls
        left.connectAttempts += right.connectAttempts
        left.connects += right.connects
        left.disconnects += right.disconnects
        left.scriptReloads += right.scriptReloads
        left.resends += right.resends
        left.moved += right.moved
        left.asked += right.asked
        left.waited += right.waited
    }
}
