/// Virtual time: everything that will happen, in one order that the seed decides.
final class Scheduler {
    private struct Event {
        let atUs: Int
        let number: Int
        let process: Process
        let life: Int
        let action: () -> Void

        func isBefore(_ other: Event) -> Bool {
            self.atUs != other.atUs ? self.atUs < other.atUs : self.number < other.number
        }
    }

    private(set) var nowUs = 0
    private(set) var steps = 0
    private var heap: [Event] = []
    private var scheduled = 0

    /// Calls `action` after `delayUs`, unless `process` has died by then.
    func after(_ delayUs: Int, _ process: Process, _ action: @escaping () -> Void) {
        self.scheduled += 1
        self.push(
            Event(
                atUs: self.nowUs + max(0, delayUs), number: self.scheduled, process: process, life: process.life,
                action: action))
    }

    /// Runs until nothing is left that is due before `untilUs`, or `isOver` says so.
    func run(untilUs: Int, isOver: () -> Bool) {
        while let next = self.heap.first, next.atUs <= untilUs {
            if isOver() { return }
            self.pop()
            self.nowUs = next.atUs
            guard next.process.isAlive, next.process.life == next.life else { continue }
            if next.process.pausedUntilUs > self.nowUs {
                // It keeps its number: what was sent in order is heard in order, however many pauses there were.
                self.push(
                    Event(
                        atUs: next.process.pausedUntilUs, number: next.number, process: next.process, life: next.life,
                        action: next.action))
                continue
            }
            self.steps += 1
            next.action()
        }
        self.nowUs = max(self.nowUs, untilUs)
    }

    /// Lets go of everything that closures hold.
    func clear() { self.heap = [] }

    // MARK: Heap

    private func push(_ event: Event) {
        self.heap.append(event)
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].isBefore(self.heap[parent]) else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    private func pop() {
        let last = self.heap.removeLast()
        guard !self.heap.isEmpty else { return }
        self.heap[0] = last
        var parent = 0
        while true {
            let left = 2 * parent + 1
            guard left < self.heap.count else { return }
            let right = left + 1
            let child = right < self.heap.count && self.heap[right].isBefore(self.heap[left]) ? right : left
            guard self.heap[child].isBefore(self.heap[parent]) else { return }
            self.heap.swapAt(child, parent)
            parent = child
        }
    }
}
