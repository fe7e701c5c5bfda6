/// First in, first out: joining at the end and leaving at the front cost the same however many wait.
struct Queue<Element: Sendable>: Sendable {
    /// Those before `head` have left.
    private var places: [Element?] = []
    private var head = 0

    var count: Int { self.places.count - self.head }
    var isEmpty: Bool { self.count == 0 }
    var indices: Range<Int> { 0..<self.count }
    var first: Element? { self.isEmpty ? nil : self[0] }

    /// The element at a place; 0 is the front.
    subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < self.count, "there are \(self.count) in the queue")
            guard let element = self.places[self.head + index] else { preconditionFailure("it has left the queue") }
            return element
        }
        set {
            precondition(index >= 0 && index < self.count, "there are \(self.count) in the queue")
            self.places[self.head + index] = newValue
        }
    }

    mutating func append(_ element: Element) { self.places.append(element) }

    mutating func append(contentsOf elements: some Sequence<Element>) {
        for element in elements { self.append(element) }
    }

    /// Takes out the one at the front, which must be there.
    mutating func removeFirst() -> Element {
        let element = self[0]
        // What it holds is let go of at once, its place when half of all are like it.
        self.places[self.head] = nil
        self.head += 1
        if self.head * 2 > self.places.count {
            self.places.removeFirst(self.head)
            self.head = 0
        }
        return element
    }
}
