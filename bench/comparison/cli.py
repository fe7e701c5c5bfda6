"""`bench/first-figures`: reads the arguments, runs the plan, prints and writes the result."""

import argparse
import contextlib
import signal
import sys
import traceback
from pathlib import Path

from . import checks, figures, load, redis, report
from .load import Load, LoadFailure
from .peers.base import PeerMissing
from .peers.catalogue import PEERS
from .peers.nginx_files import PACKAGES as NGINX_PACKAGES
from .peers.nginx_lua import NginxLua
from .peers.tollgate import Tollgate
from .plan import BARS, DEFAULT_PEERS, Plan
from .processes import StartFailure, missing_programs
from .rounds import run_rounds
from .stage import Placement, Stage
from .workload import Workload

RESULTS = Path(__file__).resolve().parent.parent / "results"
EXIT_MISSED, EXIT_UNUSABLE = 1, 2


def arguments(words=None):
    parser = argparse.ArgumentParser(
        prog="bench/first-figures", description="CPU per request, throughput and p99 of Tollgate beside nginx, "
        "nginx + ngx_lua and HAProxy, on this machine, in one run. Everything is started here on free ports of 127.0.0.1 "
        "and in a temporary folder, and ended again. Exit status: 0 all bars met, 1 one was missed, 2 it could not run.")
    parser.add_argument("--peers", default=",".join(DEFAULT_PEERS), help="which to measure (default %(default)s); also: "
                        + ", ".join(name for name in PEERS if name not in DEFAULT_PEERS))
    parser.add_argument("--rounds", type=int, default=Plan.rounds)
    parser.add_argument("--seconds", type=int, default=Plan.seconds, help="of one run (default %(default)s)")
    parser.add_argument("--warm-up", type=int, default=Plan.warm_up_seconds, help="seconds for each peer (default %(default)s)")
    parser.add_argument("--keys", type=int, default=Plan.keys,
                        help="API keys used in turn, each of its own org (default %(default)s); with one key Tollgate lets "
                        "requests that wait at the same time share a script call")
    parser.add_argument("--connections", type=int, default=Plan.connections)
    parser.add_argument("--no-pin", action="store_true", help="let the kernel place the processes")
    parser.add_argument("--tollgate", type=Path, default=Tollgate.executable, help="the executable (default %(default)s)")
    parser.add_argument("--script", type=Path, default=NginxLua.script, help="the admission script nginx + ngx_lua calls")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for first-figures.md and .json")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder with logs and configurations")
    parser.add_argument("--needs", action="store_true", help="print the Debian packages that are missing, and end")
    return parser.parse_args(words)


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


def compare(plan, kinds, options):
    """Starts everything, checks, measures, checks again; gives the Result."""
    started = report.now()
    workload = Workload.with_keys(plan.keys, plan.connections)
    placement = Placement.pinned() if plan.pinned else Placement()
    with contextlib.ExitStack() as cleanup:
        stage = cleanup.enter_context(Stage(workload, placement, keep=options.keep))
        peers = []
        for kind in kinds:
            peer = kind(stage)
            cleanup.callback(peer.stop)
            peer.start()
            checks.check_answers(peer)
            peers.append(peer)
        gated = [peer for peer in peers if peer.is_gated]
        calls = {peer.name: checks.observe_call(peer, stage) for peer in gated}
        wrk = Load(workload, stage.folder, placement.others)
        for peer in peers:
            wrk.run(peer.base_url, plan.warm_up_seconds)
        before = {peer.name: peer.metered() for peer in peers}
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


def run(options):
    kinds = chosen_peers(options.peers.split(","))
    missing = missing_packages(kinds)
    if options.needs:
        print(" ".join(missing))
        return 0
    if missing:
        raise PeerMissing(f"Missing: {' '.join(missing)}. Install with:\n"
                          f"  apt-get install -y --no-install-recommends {' '.join(missing)}")
    Tollgate.executable, NginxLua.script = options.tollgate, options.script
    plan = Plan(peers=tuple(kind.name for kind in kinds), rounds=options.rounds, seconds=options.seconds,
                warm_up_seconds=options.warm_up, keys=options.keys, connections=options.connections,
                pinned=not options.no_pin, bars=BARS)
    result = compare(plan, kinds, options)
    report.write(result, options.results)
    print(f"\n{report.table(result.figures)}\n\n{report.ratio_lines(result)}\n\n{report.notes(result)}\n")
    print("\n".join(f"{name}: {version}" for name, version in result.versions.items() if name in plan.peers) + "\n")
    print(f"Written: {options.results}/first-figures.md and .json")
    return EXIT_MISSED if result.missed else 0


def main():
    # So that everything is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_UNUSABLE))
    try:
        return run(arguments())
    except (PeerMissing, StartFailure, LoadFailure, checks.CheckFailure) as failure:
        print(f"first-figures: {failure}", file=sys.stderr)
        return EXIT_UNUSABLE
    except KeyboardInterrupt:
        print("\nfirst-figures: interrupted; everything it started has been stopped", file=sys.stderr)
        return EXIT_UNUSABLE
    except redis.RedisError as failure:
        traceback.print_exc()
        print(f"first-figures: Redis answered: {failure}", file=sys.stderr)
        return EXIT_UNUSABLE
