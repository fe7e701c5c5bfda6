"""What a gateway adds to p99 at half load: open loop at one rate for all, latency from the moment a request was due. Half is
of what nginx + ngx_lua manages in the same minute, with the same load and the same keys.

Nothing is pinned: with the gateway on a core of its own, load, Redis and upstream fill the other at half load, and p99 says how
long they wait for one another, whichever gateway is between them."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from ..awake import Awake
from ..figure import Figure
from ..figures import Spread
from ..load import LoadFailure
from ..peers.nginx_lua import NginxLua
from ..peers.tollgate import Tollgate
from ..processes import stolen_seconds
from ..stage import Placement, Stage
from ..workload import Workload

KEYS = 64
#: How long a run is. A shared machine stands still for some milliseconds once or twice a second: in a run of a second or more
#: that is what the slowest hundredth of the requests tells of.
RUN_MS = 500
WARM_UP_MS = 300
#: Runs that may be repeated because nothing was sent: where the machine stands still for longer than a run.
REPEATED_MAX = 3
CONNECTIONS = 64
SCENARIO = """\
name: Half load
about: {about}
requests:
  - path: {path}
load:
  {loop}
  for: {run_ms}ms
  warm_up: {warm_up_ms}ms
  connections: {connections}
statuses: [200]
"""
LIMIT_MS = 1000


class NothingSent(LoadFailure):
    """Not one connection was there in time."""


class Runner:
    """tollgate-load against one URL after the other."""

    def __init__(self, run, stage):
        self._program = run.load_program
        self._folder = stage.folder
        self._path = stage.workload.path
        self._scenario = self._folder / "half-load.yaml"
        self._keys = self._folder / "keys.txt"
        self._keys.write_text("\n".join(caller.key for caller in stage.workload.callers))
        self._say = run.say
        self.repeated = 0

    def limit(self, url):
        """Requests a second that `url` answers when every connection asks again at once."""
        self._describe("As much as there is.", "loop: closed", LIMIT_MS)
        return self.report(url, 0)["requestsPerSecond"]

    def offer(self, rate):
        """What the next reports are of."""
        self._describe("Half of what nginx + ngx_lua manages, at random moments.",
                       f"loop: open\n  arrivals: random\n  rate: {int(rate)}", RUN_MS)

    def _describe(self, about, loop, run_ms):
        self._scenario.write_text(SCENARIO.format(
            about=about, loop=loop, path=self._path, run_ms=run_ms, warm_up_ms=WARM_UP_MS, connections=CONNECTIONS))

    def report(self, url, seed):
        while True:
            try:
                return self._report(url, seed)
            except NothingSent as failure:
                if self.repeated == REPEATED_MAX:
                    raise
                self.repeated += 1
                self._say(f"  repeated: {str(failure).splitlines()[0]}")

    def _report(self, url, seed):
        result = self._folder / "half-load.json"
        result.unlink(missing_ok=True)
        done = subprocess.run(
            [str(self._program), str(self._scenario), "--url", url, "--keys-file", str(self._keys),
             "--json", str(result), "--seed", str(seed), "--quiet"], capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            failure = NothingSent if result.is_file() and not json.loads(result.read_text())["sent"] else LoadFailure
            raise failure(f"tollgate-load against {url} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return json.loads(Path(result).read_text())


@dataclass
class Runs:
    """What rounds of one kind have shown: percentiles in ms by peer, a value for each round."""

    p50: dict = field(default_factory=dict)
    p99: dict = field(default_factory=dict)
    #: Requests a second that were offered.
    rates: list = field(default_factory=list)
    #: CPU time that the machine's host had taken for somebody else, and what all cores together had, in seconds.
    stolen: float = 0.0
    whole: float = 0.0

    def add(self, name, report):
        found = {each["percentile"]: each["ms"] for each in report["latency"]}
        self.p50.setdefault(name, []).append(found[50])
        self.p99.setdefault(name, []).append(found[99])
        return found[50], found[99]

    def added(self, name, of=None):
        """Over the upstream without a gateway, within each round."""
        of = of or self.p99
        return [max(0.001, ours - direct) for ours, direct in zip(of[name], of["direct"])]

    @property
    def stolen_share(self):
        return self.stolen / self.whole if self.whole else 0.0


def measured(run):
    workload = Workload.with_keys(KEYS, CONNECTIONS)
    awake, asleep = Runs(), Runs()
    with Stage(workload, Placement()) as stage:
        peers = []
        try:
            for kind in (NginxLua, Tollgate):
                peer = kind(stage)
                peers.append(peer)
                peer.start()
            urls = {"direct": stage.upstream.base_url, **{peer.name: peer.base_url for peer in peers}}
            runner = Runner(run, stage)
            for url in urls.values():
                # What grows or is compiled with the first requests is not what is measured.
                runner.limit(url)
            problem = None
            for number in range(run.rounds):
                with Awake() as wish:
                    rounds(run, runner, urls, awake, number, run.latency_runs)
                    problem = wish.problem
                rounds(run, runner, urls, asleep, number, run.sleepy_runs, ", cores may sleep")
        finally:
            for peer in peers:
                peer.stop()
    return figures(awake, asleep, runner.repeated, problem)


def rounds(run, runner, urls, runs, group, count, kind=""):
    """`count` rounds at half of what nginx + ngx_lua manages now."""
    if not count:
        return
    began, stolen = time.monotonic(), stolen_seconds()
    rate = runner.limit(urls["nginx-lua"]) / 2
    runs.rates.append(rate)
    runner.offer(rate)
    names = list(urls)
    for number in range(group * count, (group + 1) * count):
        for name in names[number % 3:] + names[:number % 3]:
            report = runner.report(urls[name], number + 1)
            p50, p99 = runs.add(name, report)
            run.say(f"  round {number + 1}{kind}  {name:<12} {report['requestsPerSecond']:8.0f} requests/s  "
                    f"p50 {p50:6.2f} ms  p99 {p99:6.2f} ms")
    runs.stolen += stolen_seconds() - stolen
    runs.whole += (time.monotonic() - began) * os.cpu_count()


def figures(awake, asleep, repeated=0, problem=None):
    ours, theirs = Spread.of(awake.added("tollgate")), Spread.of(awake.added("nginx-lua"))
    by_round = Spread.of_ratios(awake.added("tollgate"), awake.added("nginx-lua"))
    # A difference, and so the ratio of the medians: where the upstream alone was slow for a moment, what a round adds may be
    # nothing, and a ratio within the round would say so of the quicker gateway first.
    ratio = ours.median / theirs.median
    ours50, theirs50 = Spread.of(awake.added("tollgate", awake.p50)), Spread.of(awake.added("nginx-lua", awake.p50))
    note = (f"{Spread.of(awake.rates).median:.0f} requests/s at random moments, {KEYS} keys, nothing pinned; p99 is added on top of the upstream's own "
            f"{Spread.of(awake.p99['direct']).median:.2f} ms: Tollgate {ours.median:.2f} ms, nginx + ngx_lua {theirs.median:.2f} ms "
            f"(p50: {ours50.median:.2f} and {theirs50.median:.2f} ms). ")
    note += f"Measured although {problem}." if problem else "The machine's cores are kept from sleeping between requests."
    note += f" Its host had taken {awake.stolen_share:.1%} of its time for somebody else."
    if repeated:
        note += f" Runs repeated because nothing could be sent in them: {repeated}."
    found = [
        Figure("added p99 at half load, open loop, ÷ nginx + ngx_lua + Redis", ratio, at_most=0.5, least=by_round.least,
               most=by_round.most, note=note),
        Figure.of_spread("added p99 at half load, Tollgate", ours, unit="ms"),
        Figure.of_spread("added p99 at half load, nginx + ngx_lua + Redis", theirs, unit="ms"),
    ]
    return found + (sleepy(asleep) if asleep.p99 and not problem else [])


def sleepy(runs):
    """The same where cores may sleep between requests: beside it, for whoever leaves them to."""
    ours, theirs = Spread.of(runs.added("tollgate")), Spread.of(runs.added("nginx-lua"))
    by_round = Spread.of_ratios(runs.added("tollgate"), runs.added("nginx-lua"))
    note = (f"A core that sleeps is woken late, on a virtual machine by its host: {runs.stolen_share:.1%} of the time was "
            f"taken for somebody else here. The upstream alone has a p99 of {Spread.of(runs.p99['direct']).median:.2f} ms then, "
            f"Tollgate adds {ours.median:.2f} ms, nginx + ngx_lua {theirs.median:.2f} ms.")
    return [Figure("the same where cores may sleep between requests", ours.median / theirs.median, least=by_round.least,
                   most=by_round.most, note=note)]
