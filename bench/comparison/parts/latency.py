"""What a gateway adds to p99 at half load: open loop at one rate for all, latency from the moment a request was due."""

import json
import subprocess
from pathlib import Path

from ..figure import Figure
from ..figures import Spread
from ..load import LoadFailure
from ..peers.nginx_lua import NginxLua
from ..peers.tollgate import Tollgate
from ..stage import Placement, Stage
from ..workload import Workload

KEYS = 64
#: How long a run is. A shared machine stands still for some milliseconds once or twice a second: in a run of a second or more
#: that is what the slowest hundredth of the requests tells of.
RUN_MS = 500
WARM_UP_MS = 300
#: Runs that may be repeated because nothing was sent: where the machine stands still for longer than a run.
REPEATED_MAX = 3
SCENARIO = """\
name: Half load
about: {rate} requests a second at random moments, half of what nginx + ngx_lua manages at most.
requests:
  - path: {path}
load:
  loop: open
  arrivals: random
  rate: {rate}
  for: {run_ms}ms
  warm_up: {warm_up_ms}ms
  connections: 64
statuses: [200]
"""


class NothingSent(LoadFailure):
    """Not one connection was there in time."""


class Runner:
    """tollgate-load against one URL after the other."""

    def __init__(self, run, stage, rate):
        self._program = run.load_program
        self._placed = ["taskset", "--cpu-list", stage.placement.others] if stage.placement.others else []
        self._folder = stage.folder
        self._scenario = self._folder / "half-load.yaml"
        self._scenario.write_text(
            SCENARIO.format(rate=int(rate), path=stage.workload.path, run_ms=RUN_MS, warm_up_ms=WARM_UP_MS))
        self._keys = self._folder / "keys.txt"
        self._keys.write_text("\n".join(caller.key for caller in stage.workload.callers))
        self._say = run.say
        self.repeated = 0

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
            [*self._placed, str(self._program), str(self._scenario), "--url", url, "--keys-file", str(self._keys),
             "--json", str(result), "--seed", str(seed), "--quiet"], capture_output=True, text=True, check=False, timeout=120)
        if done.returncode:
            failure = NothingSent if result.is_file() and not json.loads(result.read_text())["sent"] else LoadFailure
            raise failure(f"tollgate-load against {url} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return json.loads(Path(result).read_text())


def measured(run, result):
    """`result` is the comparison that told how much nginx + ngx_lua manages at most."""
    rate = result.figures["nginx-lua"].requests_per_second.median / 2
    workload = Workload.with_keys(KEYS, 64)
    p99, p50 = {}, {}
    with Stage(workload, Placement.pinned()) as stage:
        peers = []
        try:
            for kind in (NginxLua, Tollgate):
                peer = kind(stage)
                peers.append(peer)
                peer.start()
            urls = {"direct": stage.upstream.base_url, **{peer.name: peer.base_url for peer in peers}}
            runner = Runner(run, stage, rate)
            names = list(urls)
            for name in names:
                # What grows or is compiled with the first requests is not what is measured.
                runner.report(urls[name], 0)
            for number in range(run.latency_runs * run.rounds):
                for name in names[number % 3:] + names[:number % 3]:
                    report = runner.report(urls[name], number + 1)
                    found = {each["percentile"]: each["ms"] for each in report["latency"]}
                    p99.setdefault(name, []).append(found[99])
                    p50.setdefault(name, []).append(found[50])
                    run.say(f"  round {number + 1}  {name:<12} {report['requestsPerSecond']:8.0f} requests/s  "
                            f"p50 {found[50]:6.2f} ms  p99 {found[99]:6.2f} ms")
        finally:
            for peer in peers:
                peer.stop()
    return figures(rate, p50, p99, runner.repeated)


def figures(rate, p50, p99, repeated=0):
    """Added is the difference to the upstream without a gateway, within each round."""
    def added(of, name):
        return [max(0.001, ours - direct) for ours, direct in zip(of[name], of["direct"])]
    ours, theirs = Spread.of(added(p99, "tollgate")), Spread.of(added(p99, "nginx-lua"))
    by_round = Spread.of_ratios(added(p99, "tollgate"), added(p99, "nginx-lua"))
    # A difference, and so the ratio of the medians: where the upstream alone was slow for a moment, what a round adds may be
    # nothing, and a ratio within the round would say so of the quicker gateway first.
    ratio = ours.median / theirs.median
    ours50, theirs50 = Spread.of(added(p50, "tollgate")), Spread.of(added(p50, "nginx-lua"))
    note = (f"{rate:.0f} requests/s at random moments, {KEYS} keys; p99 is added on top of the upstream's own "
            f"{Spread.of(p99['direct']).median:.2f} ms: Tollgate {ours.median:.2f} ms, nginx + ngx_lua {theirs.median:.2f} ms "
            f"(p50: {ours50.median:.2f} and {theirs50.median:.2f} ms).")
    if repeated:
        note += f" Runs repeated because nothing could be sent in them: {repeated}."
    return [
        Figure("added p99 at half load, open loop, ÷ nginx + ngx_lua + Redis", ratio, at_most=0.5, least=by_round.least,
               most=by_round.most, note=note),
        Figure.of_spread("added p99 at half load, Tollgate", ours, unit="ms"),
        Figure.of_spread("added p99 at half load, nginx + ngx_lua + Redis", theirs, unit="ms"),
    ]
