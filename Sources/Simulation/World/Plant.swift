/// Mistakes that can be planted, to see that they are found. The machines are the real ones: a plant bends what drives them.
public enum Plant: String, Sendable, CaseIterable {
    /// A settlement that is sent again is counted again.
    case secondSettleCounts = "second-settle-counts"
    /// An upstream that gave no answer in time is taken for one that did nothing.
    case claimReleasedOnTimeout = "claim-released-on-timeout"
    /// The worker's batch is added to what PostgreSQL has, instead of replacing it.
    case flushAdds = "flush-adds"
    /// The store does not compare the version that the gateway knows with its own.
    case revokedKeyServed = "revoked-key-served"
    /// A shared call takes the tokens of one request for all of them.
    case batchTakesOnce = "batch-takes-once"
    /// What a dead gateway's journal says is counted again as the heir's own.
    case journalWithoutIdentity = "journal-without-identity"
    /// A dead gateway's journal is removed once the store knows it, before PostgreSQL does.
    case journalDroppedEarly = "journal-dropped-early"
    /// After a restart of the store only what is new is reported.
    case reportedOnce = "reported-once"
    /// Usage is written down after the answer has left.
    case countedAfterAnswer = "counted-after-answer"
    /// A request that may have been executed is sent again.
    case resentAfterLoss = "resent-after-loss"
    /// A client that goes away frees the key at once.
    case keyFreedByClient = "key-freed-by-client"
    /// A settlement that the store did not confirm is forgotten.
    case settleNotRepeated = "settle-not-repeated"
    /// A lease is not given back.
    case leaseKept = "lease-kept"
    /// Requests go on asking a store that has been too slow.
    case breakerIgnored = "breaker-ignored"
    /// A store that was too slow is never asked again whether it is well.
    case probeForgotten = "probe-forgotten"
    /// A call that the store does not answer in time goes on waiting.
    case deadlineIgnored = "deadline-ignored"
    /// Every question to the store gets a deadline of its own.
    case deadlinePerQuestion = "deadline-per-question"
    /// A gateway that starts spends all of every limit, as if nobody shared it.
    case shareWithoutLease = "share-without-lease"
    /// A gateway that starts takes its buckets for full, though others may have spent of them.
    case shareFilledAgain = "share-filled-again"
    /// An admission whose answer was lost is given back twice.
    case undoneTwice = "undone-twice"
    /// An admission whose answer was lost is not given back.
    case undoForgotten = "undo-forgotten"
    /// A lost connection is not ended before the next one is used.
    case fenceMissing = "fence-missing"
    /// The store does not compare who settles a claim with who made it.
    case strangerSettles = "stranger-settles"
    /// What PostgreSQL says of a durable key is not waited for.
    case durableIgnored = "durable-ignored"
    /// What became of a durable key is told to PostgreSQL once, whether it hears or not.
    case durableToldOnce = "durable-told-once"
    /// What a dead gateway has written down of durable keys is left alone.
    case outcomesLeft = "outcomes-left"
}
