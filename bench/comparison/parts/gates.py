"""CPU and throughput of a gated request beside what people would use instead."""

from ..compare import chosen_peers, compare
from ..figure import Figure
from ..figures import Bar
from ..plan import Plan

PEERS = ("nginx", "haproxy", "nginx-lua", "nginx-lua-tuned", "envoy", "tollgate")
BARS = (
    Bar("CPU per gated request ÷ nginx forwarding only", "tollgate", "nginx", "cpu_us", at_most=1.25),
    Bar("CPU per gated request ÷ nginx + ngx_lua + Redis, same script work", "tollgate", "nginx-lua", "cpu_us",
        at_most=0.35),
    Bar("throughput ÷ nginx + ngx_lua + Redis", "tollgate", "nginx-lua", "requests_per_second", at_least=2.0),
    Bar("CPU per gated request ÷ Envoy, in-memory policy", "tollgate", "envoy", "cpu_us", at_most=0.30),
    Bar("CPU per gated request ÷ nginx + ngx_lua + Redis, tuned by hand", "tollgate", "nginx-lua-tuned", "cpu_us"),
    Bar("throughput ÷ nginx + ngx_lua + Redis, tuned by hand", "tollgate", "nginx-lua-tuned", "requests_per_second"),
    Bar("CPU per request, nginx + ngx_lua + Redis ÷ nginx forwarding only", "nginx-lua", "nginx", "cpu_us"),
    Bar("CPU per request, Envoy ÷ nginx forwarding only", "envoy", "nginx", "cpu_us"),
    Bar("CPU per request, HAProxy ÷ nginx, both forwarding only", "haproxy", "nginx", "cpu_us"),
)

MANY_KEYS = 64
MANY_PEERS = ("nginx", "nginx-lua", "nginx-lua-tuned", "tollgate")
MANY_BARS = (
    Bar(f"{MANY_KEYS} keys, each of another org: CPU per gated request ÷ nginx forwarding only", "tollgate", "nginx",
        "cpu_us"),
    Bar(f"{MANY_KEYS} keys: CPU per gated request ÷ nginx + ngx_lua + Redis, same script work", "tollgate", "nginx-lua",
        "cpu_us"),
    Bar(f"{MANY_KEYS} keys: CPU per gated request ÷ nginx + ngx_lua + Redis, tuned by hand", "tollgate",
        "nginx-lua-tuned", "cpu_us"),
    Bar(f"{MANY_KEYS} keys: throughput ÷ nginx + ngx_lua + Redis", "tollgate", "nginx-lua", "requests_per_second"),
)


def one_key(run):
    """Gives the figures, and the Result they were taken from."""
    return measured(run, PEERS, BARS, keys=1)


def many_keys(run):
    found, result = measured(run, MANY_PEERS, MANY_BARS, keys=MANY_KEYS)
    calls = result.figures["tollgate"].calls_per_request
    found.append(Figure(f"{MANY_KEYS} keys: script calls per request", calls.median, least=calls.least, most=calls.most,
                        note="With one key, requests that wait at the same time share a decision. With 64 orgs each is "
                        "decided by itself; a call may carry the decisions of several."))
    return found, result


def measured(run, names, bars, keys):
    kinds = chosen_peers(names)
    # Runs of one second.
    plan = Plan(peers=names, rounds=run.rounds, slices=run.seconds, warm_up_seconds=run.warm_up, keys=keys, bars=bars)
    result = compare(plan, kinds, run.keep)
    return [Figure.of_ratio(ratio.bar.name, ratio) for ratio in result.ratios], result
