"""Two gateways on one Redis against one: what they serve together, what it costs, and whether they decide as one."""

import os
import threading

from ..figure import Figure
from ..figures import Spread
from ..load import Load, LoadFailure
from ..peers.tollgate import Tollgate
from ..processes import cpu_seconds
from ..stage import Placement, Stage
from ..workload import Limit, Workload

KEYS = 64
CAPACITY = 2_000


def measured(run):
    return [*throughput(run), exact(run)]


def throughput(run):
    """Each gateway has a load of its own; one alone has the same load as each of two."""
    workload = Workload.with_keys(KEYS, 64)
    seen = {1: [], 2: []}
    with Stage(workload, Placement()) as stage:
        gateways = [Tollgate(stage, f"tollgate-{number}") for number in (1, 2)]
        try:
            for gateway in gateways:
                gateway.start()
            load = Load(workload, stage.folder)
            together(load, gateways, run.warm_up)
            for number in range(run.rounds):
                for count in (1, 2) if number % 2 == 0 else (2, 1):
                    seen[count].append(one_run(load, gateways[:count], stage, run.seconds))
                    one = seen[count][-1]
                    run.say(f"  round {number + 1}  {count} gateways  {one['rate']:8.0f} requests/s  {one['gateway']:6.1f} µs/request  "
                            f"Redis {one['redis']:5.2f} µs")
        finally:
            for gateway in gateways:
                gateway.stop()
    return figures(seen)


def together(load, gateways, seconds):
    """Loads all gateways at once; their outcomes."""
    outcomes, failures = [], []

    def one(gateway):
        try:
            outcomes.append(load.run(gateway.base_url, seconds))
        except Exception as failure:  # noqa: BLE001: told by the thread that waits
            failures.append(failure)

    threads = [threading.Thread(target=one, args=(gateway,)) for gateway in gateways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return outcomes


def one_run(load, gateways, stage, seconds):
    before = sum(sum(cpu_seconds(gateway.pids)) for gateway in gateways)
    redis_before = stage.redis.cpu_seconds()
    outcomes = together(load, gateways, seconds)
    requests = sum(outcome.requests for outcome in outcomes)
    bad = sum(outcome.refused + outcome.broken + outcome.timeouts for outcome in outcomes)
    if bad or not requests:
        raise LoadFailure(f"{len(gateways)} gateways: {bad} of {requests} requests failed")
    after = sum(sum(cpu_seconds(gateway.pids)) for gateway in gateways)
    return {"rate": sum(outcome.requests_per_second for outcome in outcomes), "gateway": (after - before) * 1e6 / requests,
            "redis": (stage.redis.cpu_seconds() - redis_before) * 1e6 / requests}


def exact(run):
    """One bucket that hardly refills, both gateways at full load: exactly its capacity passes, whoever asked."""
    limit = Limit("burst", "key", CAPACITY, 1, 86_400_000)
    workload = Workload(Workload.with_keys(1, 32).callers, 32, limits=(limit,))
    with Stage(workload, Placement()) as stage:
        gateways = [Tollgate(stage, f"tollgate-{number}") for number in (1, 2)]
        try:
            for gateway in gateways:
                gateway.start()
            outcomes = together(Load(workload, stage.folder), gateways, run.short_seconds)
        finally:
            for gateway in gateways:
                gateway.stop()
    admitted = sum(outcome.requests - outcome.refused for outcome in outcomes)
    asked = sum(outcome.requests for outcome in outcomes)
    return Figure("2 gateways, one bucket: admitted ÷ its capacity", admitted / CAPACITY, holds=admitted == CAPACITY,
                  note=f"{asked} requests for a bucket of {CAPACITY}: {admitted} admitted by the two together.")


def figures(seen):
    def ratio(name, what, note=""):
        return Figure.of_spread(name, Spread.of_ratios([each[what] for each in seen[2]], [each[what] for each in seen[1]]), note=note)
    note = (f"Two processes of one loop each, one Redis, {KEYS} orgs at each. This machine has {os.cpu_count()} cores, and two loads, "
            "Redis and the upstream need theirs too, so the throughput says who gets the cores. The CPU a request needs says what "
            "a second gateway costs: gateways share nothing but Redis, so it should stay at 1.")
    return [ratio("2 gateways on one Redis ÷ 1, throughput", "rate", note),
            ratio("2 gateways on one Redis ÷ 1, gateway CPU per request", "gateway"),
            ratio("2 gateways on one Redis ÷ 1, Redis CPU per request", "redis")]
