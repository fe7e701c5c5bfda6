"""An answer replayed from Redis against the same request forwarded."""

from ..checks import CheckFailure
from ..figure import Figure
from ..figures import Spread
from ..load import Load
from ..peers.tollgate import Tollgate
from ..processes import cpu_seconds
from ..stage import Placement, Stage
from ..workload import Workload

STORED_KEYS = 64
KINDS = ("forwarded", "executed", "replayed")
ASSET = "wrk-idempotent.lua"


class TollgateIdempotent(Tollgate):
    route = "    idempotency: {}\n"


def measured(run):
    """CPU of the gateway for a POST without an Idempotency-Key, for one that is executed under a new key, and for one
    whose answer is stored."""
    cpu = {kind: [] for kind in KINDS}
    workload = Workload.with_keys(1, 64)
    with Stage(workload, Placement.pinned()) as stage:
        peer = TollgateIdempotent(stage)
        try:
            peer.start()
            loads = {kind: Load(workload, stage.folder, stage.placement.others, script=ASSET,
                                words=(kind, str(STORED_KEYS))) for kind in KINDS}
            # The first of these executes what the others replay.
            loads["replayed"].run(peer.base_url, 1)
            for number in range(run.rounds):
                for kind in KINDS[number % 3:] + KINDS[:number % 3]:
                    cpu[kind].append(one(run, peer, stage, loads[kind], kind, number))
        finally:
            peer.stop()
    return figures(cpu)


def one(run, peer, stage, load, kind, number):
    calls, before = stage.redis.script_calls(), sum(cpu_seconds(peer.pids))
    upstream = sum(cpu_seconds(stage.upstream.pids))
    outcome = load.run(peer.base_url, run.short_seconds)
    used = (sum(cpu_seconds(peer.pids)) - before) * 1e6 / max(outcome.requests, 1)
    if outcome.refused or outcome.broken or outcome.timeouts:
        raise CheckFailure(f"replay, {kind}: {outcome.refused} answers of 400 and above, {outcome.broken} broken connections, "
                           f"{outcome.timeouts} timeouts; expected none")
    reached = sum(cpu_seconds(stage.upstream.pids)) - upstream
    if kind == "replayed" and reached > 0.05 * run.short_seconds:
        raise CheckFailure(f"replay: the upstream worked for {reached:.2f} s although every answer should be a stored one")
    run.say(f"  round {number + 1}  {kind:<10} {used:6.1f} µs/request  {outcome.requests_per_second:8.0f} requests/s  "
            f"{(stage.redis.script_calls() - calls) / max(outcome.requests, 1):.2f} script calls")
    return used


def figures(cpu):
    of = {kind: Spread.of(values) for kind, values in cpu.items()}

    def ratio(name, numerator, denominator, **bar):
        return Figure.of_spread(name, Spread.of_ratios(cpu[numerator], cpu[denominator]), **bar)
    note = (f"The same POST in three ways: with an Idempotency-Key whose answer is stored ({of['replayed'].median:.1f} µs), "
            f"with a new one each time, executed and stored ({of['executed'].median:.1f} µs), and without the field "
            f"({of['forwarded'].median:.1f} µs).")
    return [
        ratio("replay served from Redis, CPU ÷ the same request forwarded", "replayed", "executed", at_most=0.8, note=note),
        ratio("replay served from Redis, CPU ÷ the same request without Idempotency-Key", "replayed", "forwarded"),
        ratio("request executed under a new Idempotency-Key, CPU ÷ without", "executed", "forwarded"),
    ]
