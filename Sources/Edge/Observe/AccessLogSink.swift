import Domain
import Glibc
import NIOCore
import NIOPosix

/// The one writer behind every loop's access log: formats and writes on a thread of its own. At most a few batches of
/// each loop wait; when the output blocks longer than that, loops keep their records and then drop and count them.
final class AccessLogSink: Sendable {
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let formatter: AccessLogFormatter
    private let descriptor: CInt

    /// - Parameter descriptor: where lines go; it is not closed.
    init(formatter: AccessLogFormatter, descriptor: CInt) {
        self.formatter = formatter
        self.descriptor = descriptor
        self.pool.start()
    }

    /// Writes `records`, then calls `done` on the writer's thread.
    func submit(_ records: ByteBuffer, done: @escaping @Sendable () -> Void) {
        self.pool.submit { state in
            if case .active = state { self.write(records) }
            done()
        }
    }

    /// Returns when everything submitted has been written: the pool drops what still waits when it is shut down.
    func shutdown() async {
        try? await self.pool.runIfActive {}
        try? await self.pool.shutdownGracefully()
    }

    private func write(_ records: ByteBuffer) {
        var records = records
        var lines = ByteBuffer()
        self.formatter.render(&records, into: &lines)
        while lines.readableBytes > 0 {
            let written = lines.withUnsafeReadableBytes { Glibc.write(self.descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                lines.moveReaderIndex(forwardBy: written)
            } else if errno != EINTR && errno != EAGAIN {
                return
            }
        }
    }
}
