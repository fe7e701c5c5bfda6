"""Three Redis Cluster nodes against one: through a gateway, and the scripts called directly, each on the node that owns the
org's slot: every key of an org has the org as its hash tag, so a decision never touches two nodes."""

import os

from ..cluster_nodes import NODES, RANGES, Node, Routed, join, org_in, url
from ..figure import Figure
from ..figures import Spread
from ..load import Load, LoadFailure
from ..peers.nginx_lua import NginxLua, composed
from ..peers.tollgate import Tollgate
from ..pipeline import Pipeline, drive
from ..processes import cpu_seconds
from ..stage import Placement, Stage
from ..workload import Workload
from .script import call_of, org_tag, version_tag

KEYS = 64


def measured(run):
    return [*through_a_gateway(run), *directly(run)]


def nodes_of(folder, cpus=None):
    """One node alone, and three in a cluster; with a function that ends what was started."""
    single, cluster = [Node(folder, 9, cpus=cpus)], []

    def stop():
        for node in [*single, *cluster]:
            node.stop()

    try:
        cluster += [Node(folder, number, slots, cpus) for number, slots in enumerate(RANGES)]
        join(cluster)
    except BaseException:
        stop()
        raise
    return single, cluster, stop


def through_a_gateway(run):
    """The same load of 64 orgs at two gateways that differ only in their Redis. Each decision is checked to be one of Redis's:
    a request that Redis did not decide is refused by the route's policy, and counted as a failure of the run."""
    workload = Workload.with_keys(KEYS, 64)
    seen = {1: [], NODES: []}
    with Stage(workload, Placement.pinned(), needs_redis=False) as stage:
        single, cluster, stop = nodes_of(stage.folder, stage.placement.others)
        gateways = {}
        try:
            for nodes in (single, cluster):
                gateways[len(nodes)] = gateway = Tollgate(stage, f"tollgate-{len(nodes)}-nodes", url(nodes), Routed(nodes))
                gateway.start()
            load = Load(workload, stage.folder, stage.placement.others)
            for nodes in (single, cluster):
                load.run(gateways[len(nodes)].base_url, run.warm_up)
            for number in range(run.rounds):
                for nodes in (single, cluster) if number % 2 == 0 else (cluster, single):
                    seen[len(nodes)].append(one_run(load, gateways[len(nodes)], nodes, run.seconds))
                    run.say(f"  round {number + 1}  {len(nodes)} nodes  " + told(seen[len(nodes)][-1]))
        finally:
            for gateway in gateways.values():
                gateway.stop()
            stop()
    return gateway_figures(seen)


def one_run(load, gateway, nodes, seconds):
    def redis():
        return sum(node.cpu_seconds() for node in nodes), sum(node.script_calls() for node in nodes)
    gateway_before, (cpu_before, calls_before) = sum(cpu_seconds(gateway.pids)), redis()
    outcome = load.run(gateway.base_url, seconds)
    gateway_after, (cpu_after, calls_after) = sum(cpu_seconds(gateway.pids)), redis()
    if outcome.refused or outcome.broken or outcome.timeouts or not outcome.requests:
        raise LoadFailure(f"{len(nodes)} nodes: {outcome.refused} of {outcome.requests} requests were refused, "
                          f"{outcome.broken} connections broke, {outcome.timeouts} timed out")
    return {"rate": outcome.requests_per_second, "gateway": (gateway_after - gateway_before) * 1e6 / outcome.requests,
            "redis": (cpu_after - cpu_before) * 1e6 / outcome.requests,
            "calls": (calls_after - calls_before) / outcome.requests, "p99": outcome.p99_ms}


def told(one):
    return (f"{one['rate']:8.0f} requests/s  {one['gateway']:6.1f} µs/request  Redis {one['redis']:5.2f} µs  "
            f"{one['calls']:.3f} calls  p99 {one['p99']:.2f} ms")


def gateway_figures(seen):
    def medians(what):
        return [Spread.of(one[what] for one in seen[nodes]).median for nodes in (1, NODES)]
    def ratio(name, what, note=""):
        return Figure.of_spread(name, Spread.of_ratios([each[what] for each in seen[NODES]], [each[what] for each in seen[1]]), note=note)
    calls, redis = medians("calls"), medians("redis")
    why = (f"Through one gateway thread, {KEYS} orgs, 64 connections. A script call can have keys of one slot only, so what "
           f"shares {calls[0]:.2f} calls a request with one server needs {calls[1]:.2f} with a cluster, and Redis's CPU a request "
           f"goes from {redis[0]:.1f} to {redis[1]:.1f} µs; the same gateway also writes to {NODES} sockets. What a cluster adds is "
           "room for more gateways, which one gateway on this machine cannot fill.")
    return [ratio("decisions on 3 Redis Cluster nodes ÷ 1, through a gateway", "rate", why),
            ratio("gateway CPU per request, 3 cluster nodes ÷ 1", "gateway"),
            ratio("Redis CPU per request through a gateway, 3 cluster nodes ÷ 1", "redis"),
            Figure("script calls per request on 3 cluster nodes, 64 orgs", calls[1])]


def directly(run):
    workload = Workload.with_keys(1, 64)
    with Stage(workload, Placement()) as stage:
        words, script = call_of(Tollgate(stage), stage), composed(NginxLua.script)
        single, cluster, stop = nodes_of(stage.folder)
        try:
            calls = {node.port: prepared(node, script, words) for node in [*single, *cluster]}
            rates, cpu = {1: [], 3: []}, {1: [], 3: []}
            for number in range(run.rounds):
                for nodes in (single, cluster) if number % 2 == 0 else (cluster, single):
                    rate, used = decide(nodes, calls, run.pipelined_calls // 4)
                    rates[len(nodes)].append(rate)
                    cpu[len(nodes)].append(used)
                    run.say(f"  round {number + 1}  {len(nodes)} nodes  {rate:8.0f} decisions/s  {used:5.2f} µs of Redis's CPU each")
        finally:
            stop()
    return figures(rates, cpu)


def prepared(node, script, words):
    """Puts the script and the keys of an org of the node's slots in place; gives the call for that org."""
    tag = org_tag(words)
    own = org_in(tag, node.slots) if node.slots else tag
    call = [word.replace(b"{" + tag + b"}", b"{" + own + b"}") for word in words[:-1]] + [words[-1]]
    node.client("SCRIPT", "LOAD", script)
    node.client("SET", call[3], version_tag(words[-1]))
    return call


def decide(nodes, calls, count):
    """All nodes at once, so many decisions in all: (decisions a second, Redis's CPU in µs for each)."""
    pipelines = [Pipeline(("127.0.0.1", node.port), [calls[node.port]], b"*") for node in nodes]
    try:
        before = sum(node.cpu_seconds() for node in nodes)
        done, seconds = drive(pipelines, count)
        return done / seconds, (sum(node.cpu_seconds() for node in nodes) - before) * 1e6 / done
    finally:
        for pipeline in pipelines:
            pipeline.close()


def figures(rates, cpu):
    def ratio(name, of, note=""):
        return Figure.of_spread(name, Spread.of_ratios(of[3], of[1]), note=note)
    note = (f"The scripts called directly over TCP, each on the node of its org's slot: {Spread.of(rates[3]).median:.0f} decisions/s "
            f"on three, {Spread.of(rates[1]).median:.0f} on one. Three nodes and the client share the "
            f"{os.cpu_count()} cores of this machine, so what counts is that a decision costs no more CPU on a cluster.")
    return [ratio("decisions on 3 Redis Cluster nodes ÷ 1, scripts called directly", rates, note),
            ratio("Redis CPU per decision, 3 cluster nodes ÷ 1", cpu)]


