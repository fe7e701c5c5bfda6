/// Requests that are sent several times under one Idempotency-Key: which is due to be repeated, and whether every
/// repetition was the original's answer.
public struct ReplayBook: Sendable {
    /// One sending: which group it belongs to.
    public struct Group: Sendable, Equatable {
        public let number: Int
        public let kind: Int
        public let key: Int
        /// What `{n}` in the body stands for: the same in every repetition.
        public let serial: Int
    }

    private struct State: Sendable {
        var group: Group
        var left: Int
        /// Answers that are still to come, those of what is not yet sent included.
        var awaited: Int
        var status = 0
        var hash: UInt64 = 0
        var isAnswered = false
    }

    private var states: [Int: State] = [:]
    /// Groups whose original was answered and that have repetitions left, oldest first.
    private var due: [Int] = []
    private var dueFrom = 0
    private var created = 0

    public private(set) var originals = 0
    public private(set) var replays = 0
    public private(set) var conflicts = 0
    /// Executed a second time: answered without being marked as a replay.
    public private(set) var executedAgain = 0
    public private(set) var different = 0

    public init() {}

    /// A repetition that is due for requests of this kind, if there is one.
    public mutating func takeDue(kind: Int) -> Group? {
        guard dueFrom < due.count, let state = states[due[dueFrom]], state.group.kind == kind else { return nil }
        let number = due[dueFrom]
        dueFrom += 1
        if dueFrom > 4096, dueFrom * 2 > due.count {
            due.removeFirst(dueFrom)
            dueFrom = 0
        }
        states[number]?.left -= 1
        if state.left > 1 { due.append(number) }
        return state.group
    }

    /// A new group, whose original is about to be sent.
    public mutating func begin(kind: Int, key: Int, serial: Int, repetitions: Int) -> Group {
        created += 1
        let group = Group(number: created, kind: kind, key: key, serial: serial)
        states[created] = State(group: group, left: repetitions - 1, awaited: repetitions)
        return group
    }

    /// What came back for a sending of `group`. `isDecided` is false for a refusal by a limit, which executed nothing.
    public mutating func answered(
        _ group: Group, status: Int, hash: UInt64, isReplay: Bool, isDecided: Bool
    ) {
        guard var state = states[group.number] else { return }
        guard isDecided else {
            // Nothing has been executed under this key, or nothing can be said of it.
            if !state.isAnswered { states[group.number] = nil }
            return
        }
        if status == 409 {
            conflicts += 1
        } else if !state.isAnswered {
            originals += 1
            (state.status, state.hash, state.isAnswered) = (status, hash, true)
            states[group.number] = state
            if state.left > 0 { due.append(group.number) }
        } else if !isReplay {
            executedAgain += 1
        } else {
            replays += 1
            if status != state.status || hash != state.hash { different += 1 }
        }
        if let awaited = states[group.number]?.awaited { states[group.number]?.awaited = awaited - 1 }
        if states[group.number]?.awaited == 0 { states[group.number] = nil }
    }

    public func check() -> Check? {
        guard created > 0 else { return nil }
        var says = "\(originals) originals, \(replays) replays, each equal to its original"
        if conflicts > 0 { says += ", \(conflicts) answered 409" }
        if different > 0 { says += "; \(different) DIFFERENT" }
        if executedAgain > 0 { says += "; \(executedAgain) EXECUTED AGAIN" }
        return Check(name: "replays", isMet: different == 0 && executedAgain == 0, says: says)
    }

    /// The sums of both; groups themselves belong to one thread.
    public mutating func add(_ other: ReplayBook) {
        created += other.created
        originals += other.originals
        replays += other.replays
        conflicts += other.conflicts
        executedAgain += other.executedAgain
        different += other.different
    }
}
