/// Something that can die. What was scheduled for one life does not happen in the next.
class Process {
    let name: String
    private(set) var life = 0
    private(set) var isAlive = false
    /// Stopped as by SIGSTOP: what is due happens when it goes on.
    private(set) var pausedUntilUs = 0
    /// Sockets, which the system closes when the process dies.
    var connections: [Connection] = []

    init(_ name: String) {
        self.name = name
    }

    func pause(untilUs: Int) { self.pausedUntilUs = max(self.pausedUntilUs, untilUs) }

    func begin() {
        self.isAlive = true
        self.life += 1
        self.pausedUntilUs = 0
    }

    func end() {
        self.isAlive = false
        self.life += 1
        self.connections = []
    }
}
