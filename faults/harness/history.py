"""The ledgers of one run, found by what belongs together."""

import hashlib
from collections import defaultdict

#: A client that left may have its exchange drained at the gateway for so long.
DRAIN_SECONDS = 10
#: Clocks of signals and sockets are not read in the same instant.
BLUR_SECONDS = 0.25


class History:
    def __init__(self, ledgers):
        self.ledgers = ledgers
        self.attempt = {attempt.number: attempt for attempt in ledgers.attempts}
        self.of_attempt, self.of_operation = defaultdict(list), defaultdict(list)
        self.attempts_of = defaultdict(list)
        for execution in sorted(ledgers.executions, key=lambda each: each.at):
            self.of_attempt[execution.attempt].append(execution)
            if execution.operation:
                self.of_operation[execution.operation].append(execution)
        for attempt in ledgers.attempts:
            if attempt.operation:
                self.attempts_of[attempt.operation].append(attempt)
        #: Executions whose answer some client has seen whole.
        self.seen = {attempt.execution for attempt in ledgers.attempts if attempt.is_upstream_answer and attempt.execution}
        self.operation_by_digest = {
            hashlib.sha256(operation.encode()).hexdigest(): operation for operation in self.attempts_of}
        self._kills = defaultdict(list)
        for fault in ledgers.faults:
            if fault.kind == "gateway-kill":
                self._kills[fault.target].append(fault)

    def rules(self, attempt):
        return self.ledgers.routes[attempt.route]

    @staticmethod
    def exposed_until(attempt):
        return attempt.ended + (DRAIN_SECONDS if attempt.ending in ("aborted", "timeout") else 0)

    def is_orphan(self, attempt):
        """Whether its gateway was killed while it may have been in flight there."""
        return any(attempt.begun <= kill.begun + BLUR_SECONDS and self.exposed_until(attempt) >= kill.begun - BLUR_SECONDS
                   for kill in self._kills[attempt.gateway])

    def faults_between(self, begin, end, kinds=None):
        return [fault for fault in self.ledgers.faults
                if fault.begun <= end and fault.ended >= begin and (kinds is None or fault.kind in kinds)]

    def may_be_forgotten(self, written, needed):
        """The faults by which Redis may have forgotten at `needed` what was written at `written`."""
        return [fault for fault in self.ledgers.faults
                if fault.forgets_since is not None and fault.forgets_since <= written and fault.begun <= needed
                and fault.ended >= written]

    def story(self, attempts, margin=1.0, most=14):
        """What happened to these attempts, in order, with the faults near them."""
        attempts = sorted(attempts, key=lambda each: each.begun)[:most]
        if not attempts:
            return []
        begin, end = attempts[0].begun, max(map(self.exposed_until, attempts))
        events = [(fault.begun, "  " + fault.line()) for fault in self.faults_between(begin - margin, end + margin)]
        for attempt in attempts:
            events.append((attempt.begun, "  " + attempt.line()))
            events += [(execution.at, "  " + execution.line()) for execution in self.of_attempt[attempt.number]]
        return [line for _, line in sorted(events)]
