/// Journals on their way to the store, from where the worker takes them to PostgreSQL. Values are absolute, so that telling
/// twice, late or to another store does no harm.
extension Gateway {
    private static let reportMs = 500
    private static let takeOverMs = 2_000

    func reportSoon(_ ms: Int = Gateway.reportMs) {
        guard !self.isReportSet else { return }
        self.isReportSet = true
        self.after(ms) {
            self.isReportSet = false
            self.report()
        }
    }

    private func report() {
        guard self.link.isReady else { return self.reportSoon() }
        for journal in self.journals {
            let known = self.reported[journal.id] ?? [:]
            let fresh = journal.counters.filter { known[$0.key] != $0.value }
            guard !fresh.isEmpty else { continue }
            self.note { "reports \(journal.id)" }
            let runID = self.link.runID
            let failure = self.link.send(.report(journal: journal.id, fresh)) { answer in
                guard case .reply = answer, runID == self.link.runID else { return self.reportSoon() }
                self.reported[journal.id, default: [:]].merge(fresh) { max($0, $1) }
                if self.world.plant == .journalDroppedEarly { self.drop(journal) }
            }
            if failure != nil { self.reportSoon() }
        }
    }

    // MARK: What the dead have left

    /// Takes journals whose gateway has died, reports them too, and removes those that PostgreSQL holds whole.
    func takeOver() {
        for journal in self.world.journals where journal.isOrphan && !self.journals.contains(where: { $0 === journal })
        {
            self.note { "takes over \(journal.id)" }
            self.gone.append(journal.id)
            if self.world.plant == .journalWithoutIdentity {
                for (meter, amount) in journal.counters { self.journal.add(amount, to: meter) }
                self.world.journals.removeAll { $0 === journal }
            } else {
                self.journals.append(journal)
            }
            self.reportSoon()
        }
        for journal in self.journals where journal.isOrphan { self.dropIfRecorded(journal) }
        self.takeOverOutcomes()
        self.after(Self.takeOverMs) { self.takeOver() }
    }

    private func dropIfRecorded(_ journal: Journal) {
        let records = self.world.records
        records.transaction(for: self.process) {
            records.holds(journal.id, journal.counters)
        } then: { isRecorded in
            if isRecorded == true { self.drop(journal) }
        }
    }

    private func drop(_ journal: Journal) {
        guard journal.isOrphan, self.world.journals.contains(where: { $0 === journal }) else { return }
        self.note { "removes \(journal.id)" }
        self.world.journals.removeAll { $0 === journal }
        self.journals.removeAll { $0 === journal }
    }
}
