/// One TCP connection between two processes: in order within each direction, however late; nothing is lost but with the
/// connection, and then each side finds out in its own time.
final class Connection {
    enum Side: Int { case caller, listener }

    let number: Int
    private unowned let world: World
    private let processes: [Process]
    private var closers: [() -> Void] = [{}, {}]
    private var isOpen = [true, true]
    /// When the last of each direction arrives; what is sent later arrives later.
    private var lastUs = [0, 0]
    /// What would arrive later than this is lost.
    private var lostFromUs = [Int.max, Int.max]

    init(_ world: World, caller: Process, listener: Process) {
        self.world = world
        self.number = world.nextNumber()
        self.processes = [caller, listener]
        caller.connections.append(self)
        listener.connections.append(self)
    }

    /// What a side does when it hears that the other has closed, or that the connection is cut.
    func onClose(_ side: Side, _ action: @escaping () -> Void) { self.closers[side.rawValue] = action }

    func isOpen(_ side: Side) -> Bool { self.isOpen[side.rawValue] }

    /// Has `deliver` called at the other side, unless that has closed by then.
    func send(from side: Side, _ deliver: @escaping () -> Void) {
        guard self.isOpen[side.rawValue] else { return }
        let to = 1 - side.rawValue
        let atUs = max(self.world.scheduler.nowUs + self.world.delayUs(), self.lastUs[to])
        self.lastUs[to] = atUs
        self.world.scheduler.after(atUs - self.world.scheduler.nowUs, self.processes[to]) {
            guard self.isOpen[to], atUs < self.lostFromUs[to] else { return }
            deliver()
        }
    }

    /// Closes in order: the other side hears of it after everything that was sent before.
    func close(from side: Side) {
        guard self.isOpen[side.rawValue] else { return }
        let to = 1 - side.rawValue
        self.send(from: side) { self.hears(to) }
        self.leave(side.rawValue)
    }

    /// The network fails between them: some of what is under way is lost, and both sides hear of it sooner or later.
    func cut() {
        for side in 0...1 {
            let nowUs = self.world.scheduler.nowUs
            let cutUs = nowUs + self.world.network.below(max(1, self.lastUs[side] - nowUs) + 1)
            self.lostFromUs[side] = min(self.lostFromUs[side], cutUs)
            self.world.scheduler.after(cutUs - nowUs + self.world.delayUs(), self.processes[side]) {
                self.hears(side)
            }
        }
    }

    /// The process on `side` is gone: its system closes the socket, in order or at once.
    func died(_ process: Process) {
        let side = self.processes[0] === process ? Side.caller : .listener
        if self.world.network.percent(50) { self.cut() }
        self.close(from: side)
    }

    private func hears(_ side: Int) {
        guard self.isOpen[side] else { return }
        let closer = self.closers[side]
        self.leave(side)
        closer()
    }

    private func leave(_ side: Int) {
        self.isOpen[side] = false
        self.closers[side] = {}
        self.processes[side].connections.removeAll { $0 === self }
    }
}
