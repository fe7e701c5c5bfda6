"""Two event loops against one."""

import os

from ..figure import Figure
from ..figures import Spread
from ..load import Load
from ..peers.tollgate import Tollgate
from ..processes import cpu_seconds
from ..stage import Placement, Stage
from ..workload import Workload

KEYS = 64


class TollgateTwoThreads(Tollgate):
    name = "tollgate-2"
    threads = 2


def measured(run):
    """Throughput and CPU per request. Where there are cores for it, load and upstream have their own."""
    cores = sorted(os.sched_getaffinity(0))
    apart = len(cores) >= 4
    one = Placement(str(cores[0]), ",".join(map(str, cores[2:]))) if apart else Placement()
    two = Placement(f"{cores[0]},{cores[1]}", ",".join(map(str, cores[2:]))) if apart else Placement()
    rates, cpu = {1: [], 2: []}, {1: [], 2: []}
    workload = Workload.with_keys(KEYS, 64)
    with Stage(workload, two) as stage:
        peers = {}
        try:
            for threads, kind, placement in ((1, Tollgate, one), (2, TollgateTwoThreads, two)):
                stage.placement = placement
                peers[threads] = kind(stage)
                peers[threads].start()
            load = Load(workload, stage.folder, two.others)
            for number in range(run.rounds):
                for threads in (1, 2) if number % 2 == 0 else (2, 1):
                    peer = peers[threads]
                    before = sum(cpu_seconds(peer.pids))
                    outcome = load.run(peer.base_url, run.short_seconds)
                    rates[threads].append(outcome.requests_per_second)
                    cpu[threads].append((sum(cpu_seconds(peer.pids)) - before) * 1e6 / max(outcome.requests, 1))
                    run.say(f"  round {number + 1}  {threads} threads  {rates[threads][-1]:8.0f} requests/s  "
                            f"{cpu[threads][-1]:6.1f} µs/request")
        finally:
            for peer in peers.values():
                peer.stop()
    return figures(rates, cpu, len(cores), apart)


def figures(rates, cpu, cores, apart):
    def ratio(name, of, note=""):
        return Figure.of_spread(name, Spread.of_ratios(of[2], of[1]), note=note)
    if apart:
        note = "Load, Redis and upstream have cores of their own."
    else:
        note = (f"This machine has {cores} cores, and load, Redis and upstream need theirs too: two loops share what one "
                "loop and the load had, so throughput cannot double here. CPU per request says what the second loop costs: "
                "loops share nothing, so it should stay at 1.")
    return [ratio("2 gateway threads ÷ 1, throughput", rates, note), ratio("2 gateway threads ÷ 1, CPU per request", cpu)]
