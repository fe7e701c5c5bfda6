"""Ledgers of a small run in which everything is right, to plant differences in."""

from harness.ledgers import Attempt, Execution, Fault, Ledgers, PostgresLedger, RedisLedger, ShareSample
from harness.stack import CAPACITY, ROUTES
from harness.usage import amounts

ORG, KEY = "org_a", "key_as0"


class World:
    def __init__(self):
        self.attempts, self.executions, self.faults = [], [], []
        self.redis, self.postgres = RedisLedger(), PostgresLedger()
        self.unresolved, self.open_counts, self.crashes = set(), [], []
        self.shares = [ShareSample(0.0, f"gateway-{number}", "scarce", CAPACITY / 2, 0.0) for number in (1, 2)]

    def ask(self, route, at, seconds=0.01, executes=True, counts=None, **fields):
        """One request: executed and counted once unless said otherwise."""
        attempt = Attempt(len(self.attempts) + 1, route, ORG, KEY, fields.pop("gateway", "gateway-1"), at, at + seconds,
                          **{"ending": "complete", "status": 200, **fields})
        self.attempts.append(attempt)
        if executes:
            execution = self.execute(attempt)
            if attempt.is_upstream_answer:
                attempt.execution = execution.name
        if executes if counts is None else counts:
            self.count(route, attempt.units, attempt.tokens)
        return attempt

    def execute(self, attempt, at=None):
        execution = Execution(f"x{len(self.executions) + 1}", attempt.number, attempt.operation, attempt.route,
                              attempt.begun if at is None else at, units=attempt.units, tokens=attempt.tokens)
        self.executions.append(execution)
        return execution

    def count(self, route, units=0, tokens=0, times=1):
        for meter, amount in amounts(ROUTES[route], 200, units, tokens).items():
            name = (ORG, KEY, meter)
            self.postgres.meters[name] = self.postgres.meters.get(name, 0) + amount * times

    def replay(self, first, at, **fields):
        """The answer of `first` again."""
        again = self.ask(first.route, at, executes=False, operation=first.operation, replayed=True, units=first.units,
                         tokens=first.tokens, **fields)
        again.execution = next(each.name for each in self.executions if each.attempt == first.number)
        return again

    def fault(self, kind, at, seconds=1.0, target=None, **fields):
        fault = Fault(len(self.faults) + 1, kind, target or kind.partition("-")[0], at, at + seconds, **fields)
        self.faults.append(fault)
        return fault

    @property
    def ledgers(self):
        return Ledgers(ROUTES, self.attempts, self.executions, self.faults, self.redis, self.postgres, self.unresolved,
                       shares=self.shares, open_counts=self.open_counts, crashes=self.crashes)
