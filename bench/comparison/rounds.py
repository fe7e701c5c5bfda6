"""The measurement: short runs of every peer in turn, again and again, so that what drifts hits all alike.

A machine that others share is not equally fast for long: the upstream, which does the same for every request, has been seen
to need half as much again from one second to the next but one. So a round is made of several short runs of each peer, in
turn, forth and back.
"""

import os
import time
from dataclasses import dataclass
from functools import reduce

from .load import LoadOutcome
from .processes import cpu_seconds, machine_busy_seconds


@dataclass(frozen=True)
class Sample:
    """One peer in one round."""

    peer: str
    round: int
    outcome: LoadOutcome
    user_seconds: float
    system_seconds: float
    #: Script calls that Redis served meanwhile.
    script_calls: int
    #: Reads from its clients that Redis made meanwhile: calls in one read came in one write of a gateway.
    redis_reads: int
    #: CPU time of processes that are not ours, as a share of all cores.
    foreign_share: float
    #: Runs of the load that it is made of.
    runs: int = 1

    def joined(self, other):
        """Both runs of a peer as one."""
        return Sample(
            peer=self.peer, round=self.round, outcome=self.outcome.joined(other.outcome),
            user_seconds=self.user_seconds + other.user_seconds, system_seconds=self.system_seconds + other.system_seconds,
            script_calls=self.script_calls + other.script_calls, redis_reads=self.redis_reads + other.redis_reads,
            foreign_share=max(self.foreign_share, other.foreign_share), runs=self.runs + other.runs)

    @property
    def cpu_us(self):
        """CPU of the gateway for each request, in microseconds."""
        return (self.user_seconds + self.system_seconds) * 1e6 / max(self.outcome.requests, 1)

    @property
    def user_us(self):
        return self.user_seconds * 1e6 / max(self.outcome.requests, 1)

    @property
    def calls_per_request(self):
        return self.script_calls / max(self.outcome.requests, 1)

    @property
    def calls_per_read(self):
        return self.script_calls / max(self.redis_reads, 1)

    @property
    def errors(self):
        return self.outcome.refused + self.outcome.broken + self.outcome.timeouts


def measure(peer, stage, load, seconds, number):
    """One run of `peer` under full load."""
    ours = [*peer.pids, *stage.shared_pids]
    calls = stage.redis.script_calls() if stage.redis else 0
    reads = stage.redis.reads() if stage.redis else 0
    busy, own, began = machine_busy_seconds(), sum(cpu_seconds(ours)), time.monotonic()
    user, system = cpu_seconds(peer.pids)
    outcome = load.run(peer.base_url, seconds)
    user_after, system_after = cpu_seconds(peer.pids)
    elapsed = time.monotonic() - began
    foreign = (machine_busy_seconds() - busy) - (sum(cpu_seconds(ours)) - own) - outcome.cpu_seconds
    return Sample(
        peer=peer.name, round=number, outcome=outcome,
        user_seconds=user_after - user, system_seconds=system_after - system,
        script_calls=(stage.redis.script_calls() - calls) if stage.redis else 0,
        redis_reads=(stage.redis.reads() - reads) if stage.redis else 0,
        foreign_share=max(0.0, foreign / elapsed / os.cpu_count()))


def run_rounds(peers, stage, load, plan, progress):
    """`plan.rounds` samples of every peer, each of them `plan.slices` runs."""
    samples = []
    for number in range(1, plan.rounds + 1):
        runs = {peer.name: [] for peer in peers}
        for peer in turns(peers, number, plan.slices):
            runs[peer.name].append(measure(peer, stage, load, plan.seconds, number))
            if len(runs[peer.name]) == plan.slices:
                samples.append(reduce(Sample.joined, runs[peer.name]))
                progress(samples[-1])
    return samples


def turns(peers, number, slices):
    """Who runs when in a round. Each round begins with the next peer, and every other time the order is the reverse: what
    drifts evenly adds as much to one as to the other."""
    first = (number - 1) % len(peers)
    order = peers[first:] + peers[:first]
    return [peer for each in range(slices) for peer in (order if each % 2 == 0 else order[::-1])]
