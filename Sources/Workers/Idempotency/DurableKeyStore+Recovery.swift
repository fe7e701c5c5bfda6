import Domain
import Journal
import Logging
import PostgresClient
import Records

/// What gateways of this machine that are dead have written down and not brought to PostgreSQL.
extension DurableKeyStore {
    private static let interval = Duration.seconds(1)
    private static let batchMax = 64

    func recoverAtIntervals() async {
        guard self.folder != nil else { return }
        var trouble = Trouble(
            "Results that a dead gateway left behind cannot be written; they stay on disk meanwhile",
            logger: self.logger)
        repeat {
            do {
                try await self.recoverDead()
                trouble.over()
            } catch {
                self.counters.add(1, to: .durableFailures)
                await trouble.happened(error)
            }
        } while (try? await Task.sleep(for: Self.interval)) != nil
    }

    /// Settles what dead gateways have left, and removes it. Done twice, or interrupted anywhere, it changes nothing the
    /// second time: a settlement takes effect once.
    public func recoverDead() async throws {
        guard let folder else { return }
        for path in folder.outcomes() where !self.isPassedOver(path) {
            let estate: OutcomeFile.Estate
            do throws(JournalError) {
                guard let taken = try OutcomeFile.takeOver(path) else { continue }
                estate = taken
            } catch {
                self.leaveAlone(path, because: "\(error)")
                continue
            }
            guard estate.deployment == self.deployment else {
                self.leaveAlone(path, because: "it belongs to other stores: \(estate.deployment)")
                continue
            }
            try await self.settleAll(estate)
        }
    }

    private func settleAll(_ estate: OutcomeFile.Estate) async throws {
        var (settled, start) = (0, 0)
        while start < estate.settlements.count {
            let batch = Array(estate.settlements[start..<min(start + Self.batchMax, estate.settlements.count)])
            start += batch.count
            do {
                settled += try await self.records.settle(batch)
            } catch {
                guard DurableOutbox.Failure(error) == .refused else { throw error }
                for settlement in batch { settled += try await self.settleAlone(settlement) }
            }
        }
        estate.file.remove()
        self.counters.add(settled, to: .durableRecovered)
        guard !estate.settlements.isEmpty else { return }
        self.logger.notice(
            "What a dead gateway had written of durable idempotency keys is recorded",
            metadata: ["path": "\(estate.file.path)", "count": "\(estate.settlements.count)", "new": "\(settled)"])
    }

    private func settleAlone(_ settlement: DurableSettlement) async throws -> Int {
        do {
            return try await self.records.settle([settlement])
        } catch {
            guard DurableOutbox.Failure(error) == .refused else { throw error }
            self.sayGivenUp(settlement, error)
            return 0
        }
    }

    private func leaveAlone(_ path: String, because reason: String) {
        guard self.passOver(path) else { return }
        self.logger.warning(
            "A file of idempotency keys' results is left alone", metadata: ["path": "\(path)", "reason": "\(reason)"])
    }
}
