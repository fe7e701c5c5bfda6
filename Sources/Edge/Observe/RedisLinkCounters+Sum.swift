import RedisClient

extension RedisLinkCounters {
    /// Adds what another loop's link did.
    static func += (left: inout RedisLinkCounters, right: RedisLinkCounters) {
        left.commands += right.commands
        left.flushes += right.flushes
        left.replies += right.replies
        left.lateReplies += right.lateReplies
        left.serverErrors += right.serverErrors
        left.refusedNotConnected += right.refusedNotConnected
        left.refusedQueueFull += right.refusedQueueFull
        left.deadlinesExceeded += right.deadlinesExceeded
        left.commandsLost += right.commandsLost
        left.disconnects += right.disconnects
        left.scriptReloads += right.scriptReloads
    }
}
