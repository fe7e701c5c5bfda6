"""`bench/first-figures`: reads the arguments, runs the plan, prints and writes the result."""

import argparse
import signal
import sys
import traceback
from pathlib import Path

from . import checks, redis, report
from .compare import chosen_peers, compare, missing_packages
from .load import LoadFailure
from .peers.base import PeerMissing
from .peers.catalogue import PEERS
from .peers.nginx_lua import NginxLua
from .peers.tollgate import Tollgate
from .plan import BARS, DEFAULT_PEERS, Plan
from .processes import StartFailure

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
    parser.add_argument("--slices", type=int, default=Plan.slices, help="runs of each peer in a round (default %(default)s)")
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
    plan = Plan(peers=tuple(kind.name for kind in kinds), rounds=options.rounds, slices=options.slices, seconds=options.seconds,
                warm_up_seconds=options.warm_up, keys=options.keys, connections=options.connections,
                pinned=not options.no_pin, bars=BARS)
    result = compare(plan, kinds, options.keep)
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
