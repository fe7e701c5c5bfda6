"""One hot key, 64 connections: requests that wait at the same time share a script call, and yet exactly as many pass as
would have passed one by one."""

from dataclasses import replace

from ..checks import CheckFailure
from ..figure import Figure
from ..load import Load
from ..peers.tollgate import Tollgate
from ..stage import Placement, Stage
from ..workload import Limit, Workload

CAPACITY, SECONDS = 1000, 2
BAR = 0.2
# Refills by one token in a day: what passes is the capacity, to the request.
EXACT = (Limit("burst", "key", CAPACITY, 1, 86_400_000), Limit("plan", "org", 1_000_000_000, 1_000_000, 1_000))


def measured(run, result):
    """`result` is the comparison with one key, whose script calls were counted."""
    calls = result.figures["tollgate"].calls_per_request
    admitted = exact(run)
    spread = {"least": min(admitted), "most": max(admitted)}
    is_exact = set(admitted) == {CAPACITY}
    said = (f"on a bucket of {CAPACITY} that hardly refills, {', '.join(map(str, admitted))} were admitted")
    return [
        Figure("one hot key, 64 connections: script calls per request", calls.median, at_most=BAR, least=calls.least,
               most=calls.most, digits=3, note="Decisions identical to one by one: " + said + ".", holds=is_exact),
        Figure("one hot key, 64 connections: admitted ÷ what one by one admits", spread["most"] / CAPACITY, at_most=1,
               at_least=1, least=spread["least"] / CAPACITY, most=spread["most"] / CAPACITY, digits=4, holds=is_exact),
    ]


def exact(run):
    """How many of a closed loop's requests passed, for each round."""
    counts = []
    for _ in range(min(run.rounds, 3)):
        workload = replace(Workload.with_keys(1, 64), limits=EXACT)
        with Stage(workload, Placement.pinned()) as stage:
            peer = Tollgate(stage)
            try:
                peer.start()
                outcome = Load(workload, stage.folder, stage.placement.others).run(peer.base_url, SECONDS)
            finally:
                peer.stop()
            if not outcome.refused:
                raise CheckFailure(f"hot key: {outcome.requests} requests in {SECONDS} s did not empty a bucket of {CAPACITY}: "
                                   "the machine is too busy to tell")
            counts.append(outcome.requests - outcome.refused)
    return counts
