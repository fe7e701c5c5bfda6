import NIOCore
import NIOPosix

/// Runs tasks on a thread of their own. Clients in these tests block the threads that all tasks share while they wait
/// for an answer, and what gives the answer must not wait for those.
final class ThreadOfItsOwn: TaskExecutor {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        self.group.any().execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    func stop() async { try? await self.group.shutdownGracefully() }
}
