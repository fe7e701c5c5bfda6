/// Collects the replies to several commands sent together; error replies are values among them.
final class RedisPipeline {
    private var values: [RedisValue]
    private var remaining: Int
    private var failure: RedisFailure?
    private let continuation: CheckedContinuation<[RedisValue], any Error>

    init(count: Int, _ continuation: CheckedContinuation<[RedisValue], any Error>) {
        self.values = Array(repeating: .null, count: count)
        self.remaining = count
        self.continuation = continuation
    }

    func finish(_ index: Int, _ result: Result<RedisValue, RedisFailure>) {
        switch result {
        case .success(let value): self.values[index] = value
        case .failure(.serverError(let error)): self.values[index] = .error(error)
        case .failure(let failure): self.failure = self.failure ?? failure
        }
        self.remaining -= 1
        guard self.remaining == 0 else { return }
        if let failure = self.failure {
            self.continuation.resume(throwing: failure)
        } else {
            self.continuation.resume(returning: self.values)
        }
    }
}
