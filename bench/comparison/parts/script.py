"""What a decision costs Redis, against the plainest command that counts the same request: by Redis's own CPU, both
pipelined alike, over the keys of many orgs in turn. The more commands come in one write, the less of the system calls each
of them carries, and the more the ratio shows of the commands alone; so it is told for several depths."""

from ..checks import only_call, watch_request
from ..figure import Figure
from ..figures import Spread
from ..peers.tollgate import Tollgate
from ..pipeline import CONNECTIONS, DEPTH, Pipeline, drive
from ..stage import Placement, Stage
from ..workload import Workload

ORGS = 3072
# Commands in one write: a few, as one turn of a loop brings together under moderate load. The bar is held against this.
JUDGED_DEPTH = 4
DEEP = 64

# What of a decision is what: each step does all before it as well. K are the call's keys.
STEPS = (
    ("the call itself (EVALSHA of `return 1`)", "return 1"),
    ("reading the argument's head", "local a,b,c,d,e = struct.unpack('<dddHH', ARGV[1]) return 1"),
    ("TIME", "local t = redis.call('TIME') local n = t[1] * 1000"),
    ("MGET of version and two buckets", "local s = redis.call('MGET', KEYS[1], KEYS[2], KEYS[3])"),
    ("two SETRANGE", "local p = struct.pack('<ddd', 1, 2, 3) redis.call('SETRANGE', KEYS[2], '8', p) "
     "redis.call('SETRANGE', KEYS[3], '8', p)"),
)


def measured(run):
    workload = Workload.with_keys(1, 64)
    depth, full = JUDGED_DEPTH, edge_depth(run)
    with Stage(workload, Placement.pinned()) as stage:
        words = call_of(Tollgate(stage), stage)
        calls = prepared(stage.redis.client, words)
        field = b"l:key_0E6M1110RDV1EWZEPEEXJ1T6BJ:requests:495000"
        counts = [[b"HINCRBY", call[3].replace(b"v:{", b"m:{"), field, b"1"] for call in calls]
        kinds = {"decision": (calls, b"*", run.pipelined_calls // 4), "HINCRBY": (counts, b":", run.pipelined_calls)}
        cost = {name: [] for name in kinds}
        for number in range(run.rounds):
            halves = {name: [] for name in kinds}
            for name in ("decision", "HINCRBY", "HINCRBY", "decision"):
                commands, mark, count = kinds[name]
                halves[name].append(cpu_us(stage.redis, commands, mark, count // 2, depth))
            for name, both in halves.items():
                cost[name].append(sum(both) / 2)
                run.say(f"  round {number + 1}  {name:<9} {cost[name][-1]:6.2f} µs of Redis's CPU")
        others = {each: {name: cpu_us(stage.redis, *kinds[name], each) for name in kinds} for each in (full, DEEP)}
        steps = ladder(stage.redis, calls, run.pipelined_calls // 8, depth)
    return figures(depth, full, cost, others, steps)


def edge_depth(run):
    """Script calls in one write of the edge at full load, as the comparison with many keys saw them arrive."""
    result = run.results.get("many keys")
    return max(1, round(result.figures["tollgate"].calls_per_read.median)) if result else DEPTH


def figures(depth, full, cost, others, steps):
    ours, plain = Spread.of(cost["decision"]), Spread.of(cost["HINCRBY"])
    note = (f"One request decided by one call as the edge sends it (version check, two buckets; the gateway counts): {ours.median:.2f} µs; "
            f"HINCRBY of the same meter: {plain.median:.2f} µs. {ORGS} orgs in turn, {CONNECTIONS} connections, {depth} commands in "
            f"one write. With 64 keys at full load the edge sends {full} calls in one write.")
    where, last = [], 0.0
    for name, value in steps:
        where.append(f"{name} {max(0.0, value - last):.2f}")
        last = value
    profile = (f"Where a decision's time goes, µs: {'; '.join(where)}; the rest, unpacking and arithmetic in Lua, "
               f"{max(0.0, ours.median - last):.2f}.")
    found = [
        Figure.of_spread("Redis CPU per decision, pipelined, ÷ a plain HINCRBY",
                         Spread.of_ratios(cost["decision"], cost["HINCRBY"]), at_most=6, note=note),
        Figure.of_spread("Redis CPU per decision", ours, unit="µs", note=profile),
    ]
    for each, values in others.items():
        found.append(Figure(f"Redis CPU per decision ÷ a plain HINCRBY, {each} commands in one write",
                            values["decision"] / values["HINCRBY"],
                            note=f"{each} in one write: {values['decision']:.2f} and {values['HINCRBY']:.2f} µs."))
    return found


def call_of(peer, stage):
    """The words of the script call that one request makes, seen by MONITOR."""
    try:
        peer.start()
        watch_request(peer, stage)  # the first one fills the key cache and makes the buckets
        return only_call(peer.name, watch_request(peer, stage))
    finally:
        peer.stop()


def prepared(client, words):
    """The same call for many orgs, whose versions are put in place."""
    tag, calls = org_tag(words), []
    for number in range(ORGS):
        own = tag[:-5] + b"%05d" % number
        call = [word.replace(b"{" + tag + b"}", b"{" + own + b"}") for word in words[:-1]] + [words[-1]]
        client("SET", call[3], version_tag(words[-1]))
        client(*call)
        calls.append(call)
    return calls


def org_tag(words):
    """The hash tag of a call's keys."""
    return words[3][words[3].index(b"{") + 1:words[3].index(b"}")]


def version_tag(blob):
    """The version that the call expects: the entry's first counted string (see admit.lua)."""
    at = 8 * 3 + 2 * 2 + 2 + 2 + 3
    return blob[at + 1:at + 1 + blob[at]]


def ladder(redis, calls, count, depth):
    """(step, µs up to and with it) for scripts that do more and more of what a decision does."""
    found, text = [], ""
    for name, code in STEPS:
        text += code.removesuffix(" return 1") + "\n" if code != "return 1" else ""
        sha = redis.client("SCRIPT", "LOAD", text + "return 1")
        commands = [[call[0], sha, *call[2:]] for call in calls]
        found.append((name, cpu_us(redis, commands, b":", count, depth)))
    return found


def cpu_us(redis, commands, mark, count, depth):
    """Microseconds of Redis's CPU for one command."""
    pipeline = Pipeline(str(redis.socket_path), commands, mark, depth)
    try:
        before = redis.cpu_seconds()
        done, _ = drive([pipeline], count)
        return (redis.cpu_seconds() - before) * 1e6 / done
    finally:
        pipeline.close()
