"""What a gateway adds to p99 at half load: open loop at one rate for all, latency from the moment a request was due. Half is
of what nginx + ngx_lua manages in the same minute, with the same load and the same keys.

Nothing is pinned: with the gateway on a core of its own, load, Redis and upstream fill the other at half load, and p99 says
how long they wait for one another. A gateway that needs less CPU leaves more of the cores to them, and may use more than one
of them itself; that is a part of what is judged."""

from dataclasses import dataclass, field

from ..awake import Awake
from ..figure import Figure
from ..figures import Spread
from ..half_load import CONNECTIONS, RUN_MS, WARM_UP_MS, Runner
from ..load import LoadFailure
from ..peers.nginx_lua import NginxLua
from ..peers.tollgate import Tollgate
from ..processes import cpu_seconds, machine_seconds
from ..stage import Placement, Stage
from ..workload import Workload

KEYS = 64
NAME = "added p99 at half load, open loop, ÷ nginx + ngx_lua + Redis"
LUA = NginxLua.name
OURS = Tollgate.name


@dataclass
class Runs:
    """What rounds of one kind have shown: percentiles in ms by peer, a value for each round."""

    p50: dict = field(default_factory=dict)
    p99: dict = field(default_factory=dict)
    #: Requests a second that were offered, a value for each group of rounds.
    rates: list = field(default_factory=list)
    #: µs of a gateway's CPU for a request, all its threads together.
    cpu_us: dict = field(default_factory=dict)
    #: Requests that were due and found no connection before the end.
    unsent: int = 0
    #: CPU time that the machine's host had taken for somebody else, and what all cores together had, in seconds.
    stolen: float = 0.0
    whole: float = 0.0
    #: Runs that were repeated because nothing could be sent in them.
    repeated: int = 0
    #: Why there are no more rounds.
    failure: str | None = None

    def add(self, name, report, cpu_seconds_used=0.0):
        found = {each["percentile"]: each["ms"] for each in report["latency"]}
        self.p50.setdefault(name, []).append(found[50])
        self.p99.setdefault(name, []).append(found[99])
        # The CPU is that of the warm-up too, the report is not.
        sent = report["sent"] * (RUN_MS + WARM_UP_MS) / RUN_MS
        self.cpu_us.setdefault(name, []).append(cpu_seconds_used * 1e6 / max(1, sent))
        self.unsent += report["unsent"]
        return found[50], found[99]

    def added(self, name, of=None):
        """Over the upstream without a gateway, within each round."""
        if of is None:
            of = self.p99
        return [max(0.001, ours - direct) for ours, direct in zip(of[name], of["direct"], strict=True)]

    @property
    def offered(self):
        rates = Spread.of(self.rates)
        return f"{rates.median:.0f} requests/s ({rates.least:.0f} to {rates.most:.0f})"

    @property
    def steal(self):
        """What /proc/stat says of it; hardware, and some hosts, never say anything."""
        return f"{self.stolen / self.whole:.1%}" if self.whole and self.stolen else "none"


def measured(run):
    workload = Workload.with_keys(KEYS, CONNECTIONS)
    awake, asleep, problem = Runs(), Runs(), None
    with Stage(workload, Placement()) as stage:
        peers = []
        try:
            for kind in (NginxLua, Tollgate):
                peer = kind(stage)
                peers.append(peer)
                peer.start()
            # Each may repeat a few runs: those that are only told of take nothing from those that are judged.
            judged, told = (Runner(run.load_program, stage, run.say) for _ in range(2))
            urls = {"direct": stage.upstream.base_url, **{peer.name: peer.base_url for peer in peers}}
            for url in urls.values():
                # What grows or is compiled with the first requests is not what is measured.
                judged.limit(url)
            for group in range(run.rounds):
                with Awake() as wish:
                    rounds(run, judged, urls, peers, awake, group, run.latency_runs)
                problem = problem or wish.problem
                if problem or asleep.failure:
                    continue
                try:
                    rounds(run, told, urls, peers, asleep, group, run.sleepy_runs, ", cores may sleep")
                except LoadFailure as failure:
                    asleep = Runs(failure=str(failure).splitlines()[0])
        finally:
            for peer in peers:
                peer.stop()
    awake.repeated, asleep.repeated = judged.repeated, told.repeated
    return figures(awake, asleep, problem)


def rounds(run, runner, urls, peers, runs, group, count, kind=""):
    """`count` rounds at half of what nginx + ngx_lua manages now."""
    if not count:
        return
    pids = {peer.name: peer.pids for peer in peers}
    limit = runner.limit(urls[LUA])
    runner.offer(limit / 2)
    runs.rates.append(limit / 2)
    run.say(f"  nginx + ngx_lua manages {limit:.0f} requests/s{kind}")
    stolen, whole = machine_seconds("steal"), machine_seconds()
    names = list(urls)
    for number in range(group * count, (group + 1) * count):
        turn = names[number % 3:] + names[:number % 3]
        for name in turn if number % 2 == 0 else reversed(turn):
            before = sum(cpu_seconds(pids.get(name, [])))
            report = runner.report(urls[name], number + 1)
            p50, p99 = runs.add(name, report, sum(cpu_seconds(pids.get(name, []))) - before)
            run.say(f"  round {number + 1}{kind}  {name:<12} {report['requestsPerSecond']:8.0f} requests/s  "
                    f"p50 {p50:6.2f} ms  p99 {p99:6.2f} ms")
    runs.stolen += machine_seconds("steal") - stolen
    runs.whole += machine_seconds() - whole


def figures(awake, asleep, problem=None):
    ours, theirs = Spread.of(awake.added(OURS)), Spread.of(awake.added(LUA))
    note = (f"{awake.offered} at random moments, {KEYS} keys, nothing pinned. {in_words(awake)} "
            f"CPU of the gateway for a request at this load: {Spread.of(awake.cpu_us[OURS]).median:.0f} and "
            f"{Spread.of(awake.cpu_us[LUA]).median:.0f} µs. ")
    note += f"Not as it should be: {problem}." if problem else "The machine's cores did not sleep between requests."
    if asleep.failure:
        note += f" With cores that may sleep it could not be measured: {asleep.failure}."
    ratios = [ratio(awake, ("cores may have slept: " if problem else "") + NAME, note, at_most=0.5)]
    if asleep.p99:
        note = (f"Told, not judged: {asleep.offered}. {in_words(asleep)} A core that sleeps is woken late, on a virtual machine "
                "by its host.")
        ratios.append(ratio(asleep, f"{NAME}, where cores may sleep", note))
    return ratios + [
        Figure.of_spread("added p99 at half load, Tollgate", ours, unit="ms"),
        Figure.of_spread("added p99 at half load, nginx + ngx_lua + Redis", theirs, unit="ms"),
    ]


def ratio(runs, name, note, **bar):
    """A difference, and so the ratio of the medians: where the upstream alone was slow for a moment, what a round adds may be
    nothing, and a ratio within the round would say so of the quicker gateway first."""
    ours, theirs = runs.added(OURS), runs.added(LUA)
    by_round = Spread.of_ratios(ours, theirs)
    value = Spread.of(ours).median / Spread.of(theirs).median
    return Figure(name, value, least=by_round.least, most=by_round.most, note=note, **bar)


def in_words(runs):
    text = (f"p99 of the upstream alone {Spread.of(runs.p99['direct']).median:.2f} ms, to which Tollgate adds "
            f"{Spread.of(runs.added(OURS)).median:.2f} ms and nginx + ngx_lua {Spread.of(runs.added(LUA)).median:.2f} ms "
            f"(medians of {len(runs.p99[OURS])} rounds; steal in /proc/stat: {runs.steal}). Added to p50: "
            f"{Spread.of(runs.added(OURS, runs.p50)).median:.2f} and {Spread.of(runs.added(LUA, runs.p50)).median:.2f} ms.")
    if runs.repeated:
        text += f" Runs repeated because nothing could be sent in them: {runs.repeated}."
    if runs.unsent:
        text += f" Requests that were due and found no connection before a run's end: {runs.unsent}."
    return text
