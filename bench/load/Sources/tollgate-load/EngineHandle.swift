import LoadModel
import NIOCore

/// An engine seen from outside its loop.
struct EngineHandle: Sendable {
    struct Result: Sendable {
        let tally: Tally
        let buckets: BucketBook
        let replays: ReplayBook
    }

    private let loop: any EventLoop
    private let bound: NIOLoopBound<Engine>
    private let over: EventLoopPromise<Void>

    /// Makes the engine on its loop and waits until it is connected.
    static func make(
        on loop: any EventLoop, _ make: @escaping @Sendable (any EventLoop) -> (Engine, EventLoopFuture<Void>)
    ) async throws -> EngineHandle {
        do {
            return try await loop.flatSubmit {
                let (engine, connected) = make(loop)
                let bound = NIOLoopBound(engine, eventLoop: loop)
                return connected.map {
                    EngineHandle(loop: loop, bound: bound, over: loop.makePromise())
                }
            }.get()
        } catch {
            throw Unusable("cannot connect: \(error)")
        }
    }

    func begin() { loop.execute { bound.value.begin().cascade(to: over) } }

    func whenOver() async throws { try await over.futureResult.get() }

    func result() async throws -> Result {
        try await loop.submit {
            let engine = bound.value
            return Result(tally: engine.tally, buckets: engine.buckets, replays: engine.replays)
        }.get()
    }
}
