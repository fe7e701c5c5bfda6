"""One run from the first process to the four ledgers."""

import asyncio
import json
import math
import time
from pathlib import Path

from .breaking import Breaker
from .ledgers import Ledgers, ShareSample
from .load import MIX, Load, arrivals
from .schedule import plan
from .stack import HEAD_SECONDS, LEASE_SLACK_SECONDS, ROUTES, Stack, now
from .stores import read_executions, read_postgres, read_redis

SLICE_SECONDS = 5.0
LEASE_SECONDS = HEAD_SECONDS + LEASE_SLACK_SECONDS
#: How long the workers have, once nothing happens any more, to bring everything to PostgreSQL.
SETTLING_SECONDS = 40
#: Metrics that are 0 when nothing is open and nothing was given up.
OPEN_METRICS = {"tollgate_requests_open", "tollgate_requests_unsettled", "tollgate_usage_unreported",
                "tollgate_usage_uncovered_total"}


#: Between two readings of what gateways may admit by themselves.
SHARES_SECONDS = 0.5


def share_metric(what, route):
    return f'tollgate_local_{what}_tokens{{http_route="{route}",limit="scarce"}}'


class Run:
    def __init__(self, options, folder):
        self._options = options
        self.stack = Stack(Path(folder), options.tollgate.resolve(), options.deadline_ms)
        self.failures = []
        self.ledgers = None

    def _say(self, line):
        if not self._options.quiet:
            print(line, flush=True)

    async def run(self):
        try:
            await self._run()
        finally:
            await self.stack.end()

    async def _run(self):
        options = self._options
        slices = math.ceil(options.seconds / SLICE_SECONDS)
        keys = await self.stack.start(options.orgs, slices, options.seed)
        mix = {name: MIX[name] for name in options.routes.split(",")} if options.routes else MIX
        planned = list(arrivals(options.seed, options.seconds, options.rate, options.orgs, mix))
        faults = plan(options.seed, options.seconds, options.per_minute, tuple(options.kinds.split(","))) \
            if options.per_minute else []
        started = now()
        load = Load(self.stack, keys, SLICE_SECONDS, started, patience=LEASE_SECONDS + 20)
        breaker = Breaker(self.stack, started, self._say)
        shares = []
        watching = [asyncio.create_task(self._watch_own_loop()), asyncio.create_task(breaker.watch()),
                    *(asyncio.create_task(self._watch_shares(name, started, shares)) for name in self.stack.gateways)]
        await asyncio.gather(load.run(planned, options.seed), breaker.run(faults))
        self._say(f"{now() - started:9.3f}  every client is done; waiting for the stores to settle")
        if options.rescan:
            watching.pop(1).cancel()
            self.stack.workers.kill()
            await self.stack.start_workers()
        redis_ledger, postgres_ledger = await self._settled()
        for task in watching:
            task.cancel()
        self.failures += breaker.failures
        lines = [json.loads(line) for line in self.stack.ledger.read_text().splitlines()]
        self.ledgers = Ledgers(
            ROUTES, load.attempts, read_executions(lines, started), breaker.faults, redis_ledger, postgres_ledger,
            load.unresolved, LEASE_SECONDS, sorted(shares, key=lambda sample: sample.at),
            [*self._open_counts(), *await self._gaps()], breaker.crashes)

    async def _watch_own_loop(self):
        """The load is only steady while the harness itself is not held up."""
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.1)
            late = time.monotonic() - before - 0.1
            if late > 2:
                self._say(f"the harness itself stood still for {late:.1f} s")

    async def _watch_shares(self, gateway, started, shares):
        """Reads what a gateway may admit by itself, and what it has."""
        while True:
            await asyncio.sleep(SHARES_SECONDS)
            metrics = await asyncio.to_thread(self.stack.metrics, gateway)
            at = now() - started
            for name, rules in ROUTES.items():
                bound = metrics.get(share_metric("bound", name))
                if rules.capacity and bound is not None:
                    spent = metrics.get(share_metric("spent", name), 0.0)
                    shares.append(ShareSample(at, gateway, name, bound, spent))

    async def _settled(self):
        """Waits until nothing changes any more: no claim and no lease open, and PostgreSQL as it was two seconds ago."""
        deadline = now() + LEASE_SECONDS + SETTLING_SECONDS
        before = None
        while True:
            await asyncio.sleep(2)
            redis_ledger, postgres_ledger = read_redis(self.stack.redis_socket), await read_postgres(self.stack)
            is_open = redis_ledger.open_claims or redis_ledger.open_leases
            seen = (redis_ledger.counters, postgres_ledger.meters)
            is_behind = any(
                added > postgres_ledger.counters.get(name, [0, 0])[0] for name, (added, _) in redis_ledger.counters.items())
            if (before == seen and not is_open and not is_behind) or now() > deadline:
                return redis_ledger, postgres_ledger
            before = seen

    def _open_counts(self):
        """What the gateways and the workers themselves count as open."""
        return [(f"{metric} of {child.name}", value)
                for child in (*self.stack.gateways.values(), self.stack.workers)
                for metric, value in self.stack.metrics(child.name).items() if metric in OPEN_METRICS]

    async def _gaps(self):
        """What PostgreSQL itself knows to be missing."""
        if await self.stack.sql("SELECT to_regclass('usage_gaps')") in ([], [[""]]):
            return []
        return [(f"usage_gaps: {' '.join(row)}", 1) for row in await self.stack.sql("SELECT * FROM usage_gaps")]
