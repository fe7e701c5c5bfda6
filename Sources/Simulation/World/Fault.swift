/// Something that goes wrong at a moment of its own. A scenario draws its faults before it begins, so that a run can be
/// repeated with some of them left out.
struct Fault {
    enum Kind {
        case gatewayDies(Int, downMs: Int)
        /// Dies after an answer has left and before anything that follows it.
        case gatewayDiesAfterAnswer(Int, downMs: Int)
        case gatewayPauses(Int, forMs: Int)
        case storeStalls(forMs: Int)
        case storeRestarts(StoreLoss, downMs: Int)
        case storeLinkCut(Int)
        case storeUnreachable(Int, forMs: Int)
        case workerDies(downMs: Int)
        case recordsAway(forMs: Int)
        case storeClockSteps(byMs: Int)
        case gatewayClockSteps(Int, byMs: Int)
    }

    /// What a store that restarts has lost.
    enum StoreLoss: CaseIterable {
        case nothing
        /// Everything since its last fsync.
        case tail
        case everything
        /// It comes back from an older copy, or as a replica that lagged.
        case older
    }

    let atMs: Int
    let kind: Kind
}

extension Fault: CustomStringConvertible {
    var description: String {
        switch self.kind {
        case .gatewayDies(let index, let downMs): "gateway-\(index) is killed, for \(downMs) ms"
        case .gatewayDiesAfterAnswer(let index, let downMs):
            "gateway-\(index) is killed as soon as it has answered, for \(downMs) ms"
        case .gatewayPauses(let index, let forMs): "gateway-\(index) is stopped for \(forMs) ms"
        case .storeStalls(let forMs): "the store is stopped for \(forMs) ms"
        case .storeRestarts(let loss, let downMs): "the store dies for \(downMs) ms and loses: \(loss)"
        case .storeLinkCut(let index): "gateway-\(index)'s connection to the store is cut"
        case .storeUnreachable(let index, let forMs): "gateway-\(index) cannot reach the store for \(forMs) ms"
        case .workerDies(let downMs): "the worker is killed, for \(downMs) ms"
        case .recordsAway(let forMs): "PostgreSQL is away for \(forMs) ms"
        case .storeClockSteps(let byMs): "the store's clock steps by \(byMs) ms"
        case .gatewayClockSteps(let index, let byMs): "gateway-\(index)'s clock steps by \(byMs) ms"
        }
    }
}
