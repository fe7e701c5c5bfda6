"""One comparison of peers: starts everything, checks, measures in alternating rounds, checks again."""

import contextlib

from . import checks, figures, load, redis, report
from .load import Load
from .peers.base import PeerMissing
from .peers.catalogue import PEERS
from .peers.nginx_files import PACKAGES as NGINX_PACKAGES
from .processes import missing_programs
from .rounds import run_rounds
from .stage import Placement, Stage
from .workload import Workload


def chosen_peers(names):
    unknown = [name for name in names if name not in PEERS]
    if unknown:
        raise PeerMissing(f"Unknown peer {', '.join(unknown)}: choose from {', '.join(PEERS)}.")
    return [PEERS[name] for name in PEERS if name in names]


def missing_packages(kinds):
    wanted = {**NGINX_PACKAGES, **load.PACKAGES, **redis.PACKAGES}
    for kind in kinds:
        wanted.update(kind.packages)
    return missing_programs(wanted)


def show(sample):
    outcome = sample.outcome
    print(f"  round {sample.round}  {sample.peer:<18} {sample.cpu_us:6.1f} µs/request  "
          f"{outcome.requests_per_second:8.0f} requests/s  p99 {outcome.p99_ms:5.1f} ms"
          + (f"  others used {sample.foreign_share:.0%} of the machine" if sample.foreign_share > 0.05 else ""), flush=True)


def compare(plan, kinds, keep=False):
    """Gives the Result."""
    started = report.now()
    workload = Workload.with_keys(plan.keys, plan.connections)
    placement = Placement.pinned() if plan.pinned else Placement()
    with contextlib.ExitStack() as cleanup:
        stage = cleanup.enter_context(Stage(workload, placement, keep=keep))
        peers = []
        for kind in kinds:
            peer = kind(stage)
            cleanup.callback(peer.stop)
            peer.start()
            checks.check_answers(peer)
            peers.append(peer)
        gated = [peer for peer in peers if peer.asks_redis]
        calls = {peer.name: checks.observe_call(peer, stage) for peer in gated}
        wrk = Load(workload, stage.folder, placement.others)
        for peer in peers:
            wrk.run(peer.base_url, plan.warm_up_seconds)
        before = {peer.name: checks.settled_meters(peer) for peer in peers}
        samples = run_rounds(peers, stage, wrk, plan, show)
        checks.check_samples(samples, {peer.name for peer in gated})
        metered = {peer.name: checks.check_meters(
            peer, before[peer.name], [sample for sample in samples if sample.peer == peer.name]) for peer in gated}
        summary = figures.summarize(peers, samples)
        return report.Result(
            plan=plan, started=started, machine=report.machine(), versions=report.versions(peers),
            commands={"load": wrk.command("URL", plan.seconds), **{peer.name: peer.command for peer in peers}},
            configurations={peer.name: peer.configuration() for peer in peers}, figures=summary,
            ratios=figures.ratios(plan.bars, summary, samples), samples=samples, script_calls=calls, metered=metered)
