"""What fleets of 10, 100 and 1000 gateways need, computed from what this run measured."""

from . import results

FLEETS = (10, 100, 1000)
#: Share of a core that is planned for; the rest is for bursts and for what fails.
PLANNED = 0.6
CORES = 4
#: Redis writes for a rate: what one decision changes, on its way to a replica and an append-only file.
DECISION_BYTES = 460


def is_fed(whole):
    return {"one key", "many keys"} <= set(whole.run.results) and whole.value("Redis CPU per decision") is not None


def costs(whole):
    one, many = whole.run.results["one key"].figures["tollgate"], whole.run.results["many keys"].figures["tollgate"]
    return {
        "shared": one.cpu_us.median, "alone": many.cpu_us.median, "calls_shared": one.calls_per_request.median, "calls_alone": many.calls_per_request.median,
        "decision": next(figure.value for figure in whole.figures if figure.name == "Redis CPU per decision"),
        "cluster": whole.value("Redis CPU per decision, 3 cluster nodes ÷ 1") or 1.0,
        "cluster_gateway": whole.value("gateway CPU per request, 3 cluster nodes ÷ 1") or 1.0,
        "cluster_calls": whole.value("script calls per request on 3 cluster nodes") or 1.0,
        "connection": whole.value("memory: per idle") or 6.0, "idle": whole.value("memory: idle") or 40.0,
    }


def core_rate(cost):
    """Requests a second of one gateway core on a cluster: there a call carries decisions of one slot only."""
    return PLANNED * 1e6 / (cost["alone"] * cost["cluster_gateway"])


def row(cost, gateways):
    """Needs of a fleet that is loaded as planned, in the worst case for Redis: no request shares a call."""
    per_core = core_rate(cost)
    rate = gateways * CORES * per_core
    node = PLANNED * 1e6 / (cost["decision"] * cost["cluster"])
    nodes = rate / node
    loops = gateways * CORES
    return {"gateways": gateways, "rate": rate, "nodes": nodes, "links_per_node": loops,
            "links": loops * max(1, round(nodes)), "calls_per_link": rate / loops / max(1, round(nodes)),
            "traffic": rate * DECISION_BYTES * 8 / 1e9}


def shown(rate):
    return f"{rate / 1e6:.1f} M/s" if rate >= 1e6 else f"{rate / 1e3:.0f} k/s"


def markdown(whole):
    cost = costs(whole)
    rows = [row(cost, gateways) for gateways in FLEETS]
    table = "\n".join(
        f"| {each['gateways']} | {shown(each['rate'])} | {each['nodes']:.0f} | {each['links']:,} | "
        f"{each['calls_per_link']:.0f}/s | {each['traffic']:.1f} Gbit/s |" for each in rows)
    per_core = core_rate(cost)
    node = PLANNED * 1e6 / (cost["decision"] * cost["cluster"])
    org = 1e6 / cost["decision"]
    return f"""# What 10, 100 and 1000 gateways need, and where it breaks

Written by `make bench` from what it measured ({results.head(whole)}). The formulas are in `bench/comparison/model.py`; on
another machine the numbers change and the shape does not.

## Measured costs

| cost | measured |
|---|---|
| gateway CPU per request, its script call shared with others of its key | {cost['shared']:.1f} µs ({cost['calls_shared']:.3f} calls) |
| gateway CPU per request, 64 orgs, a decision of its own each | {cost['alone']:.1f} µs ({cost['calls_alone']:.2f} calls) |
| Redis CPU per decision, pipelined | {cost['decision']:.2f} µs |
| the same on a cluster's node ÷ alone | {cost['cluster']:.2f} |
| gateway CPU per request on 3 cluster nodes ÷ on one server, 64 orgs | {cost['cluster_gateway']:.2f} ({cost['cluster_calls']:.2f} calls: one slot each) |
| gateway memory, idle / per idle connection | {cost['idle']:.0f} MiB / {cost['connection']:.2f} KiB |

## The fleet

A gateway has {CORES} cores with a loop each; cores and Redis nodes are loaded to {PLANNED:.0%}. This is the most that such a
fleet can ask for, and the worst case for Redis: no two requests of a key wait at the same time, so each costs a whole
decision.

- one gateway core: {PLANNED:.0%} × 1 s ÷ ({cost['alone']:.1f} µs × {cost['cluster_gateway']:.2f}) = {shown(per_core)}
- one Redis node: {PLANNED:.0%} × 1 s ÷ ({cost['decision']:.2f} µs × {cost['cluster']:.2f}) = {shown(node)}, so one node serves
  {node / per_core:.1f} gateway cores
- connections: each loop keeps one to each node that it needs

| gateways | requests | Redis primaries | connections to Redis | calls on each connection | traffic to Redis |
|---|---|---|---|---|---|
{table}

## Where it breaks, in order

1. **One Redis node** is full at {shown(1e6 / (cost['decision'] * cost['cluster']))}, and at {shown(node)} as planned: beyond
   {node / per_core / CORES:.1f} gateways of {CORES} cores the fleet needs Redis Cluster. Every key of an org has the org as its
   hash tag, so decisions scale with the nodes and never span two.
2. **One org** lives on one node, whatever the cluster's size: {shown(org)} at most if no requests share a call. Sharing moves
   this wall: with {cost['calls_shared']:.3f} calls a request, as measured with 64 connections on one key, the same node decides
   far more, since a call of many requests costs little more than one. Sharing happens within a loop, so it fades as one org's
   load is spread over more loops: at r requests a second of a key on a loop and a round trip of t, about r × t wait together.
   With 1000 gateways of {CORES} loops and t = 1 ms, an org needs {CORES * 1000 * 1000 / 1e6:.0f} M/s before two of its requests meet.
   What helps then: route an org's clients to few gateways (consistent hashing in front), or leases of tokens cut from the
   bucket, which are not exact.
3. **Connections**: every loop talks to every primary: loops × nodes. At 1000 gateways that is {rows[2]['links']:,} in all and
   {rows[2]['links_per_node']:,} on each node. Redis takes 10 000 by default (`maxclients`); more important, pipelining fades:
   {rows[2]['calls_per_link']:.0f} calls a second on each connection means hardly ever two in one write, and an unpipelined call
   costs Redis two more system calls, some 5–10 µs, about doubling a decision. From about 100 gateways on, pin orgs to cells
   (a Redis Cluster and the gateways in front of it); ten cells of 100 gateways have {rows[1]['links']:,} connections each.
4. **A node that is lost, or a slot that moves**, is no wall but a pause, for its orgs only. A primary that dies is replaced after
   `cluster-node-timeout` and an election; a gateway asks for the new topology ten times a second meanwhile, so it adds about a
   tenth of a second. Until then the routes' policies decide for that node's share of the orgs (docs/cluster.md). A slot that is
   being resharded answers nothing until its keys have arrived: milliseconds for the keys of the few orgs in it.
5. **The network**: about {DECISION_BYTES} bytes both ways for a decision, {rows[2]['traffic']:.0f} Gbit/s over all nodes at 1000
   gateways, {rows[2]['traffic'] / max(1, round(rows[2]['nodes'])) * 1000:.0f} Mbit/s for each: small beside the requests
   themselves. Replicas carry the same again.
6. **PostgreSQL** sees no request. Workers move absolute counters: one row for each org, meter and hour that changed, however
   many requests there were. Keys are looked up there at most so often a second and gateway as `fallback_per_second_max` says.
7. **A gateway's memory** is {cost['idle']:.0f} MiB and {cost['connection']:.2f} KiB for each idle connection: 100 000 clients
   hold {cost['idle'] + 100_000 * cost['connection'] / 1024:.0f} MiB. Descriptors (`LimitNOFILE`) end before memory does.

Not in the model: TLS, bodies larger than a packet, upstreams that are slower than the gateway (they cost connections, not
CPU).
"""
