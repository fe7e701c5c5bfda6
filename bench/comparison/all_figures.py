"""`bench/all-figures`: every figure of the bench in one run."""

import argparse
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from . import envoy_install, model, page, report, results
from .compare import missing_packages
from .figure import Figure
from .parts import cluster, gates, hot_key, latency, memory, replay, script, threads, two_gateways
from .peers.catalogue import PEERS
from .peers.tollgate import Tollgate

BENCH = Path(__file__).resolve().parent.parent
EXIT_MISSED, EXIT_UNUSABLE = 1, 2
NEEDS_GATES = "gates"


@dataclass
class Run:
    """How long everything takes, and what the parts share."""

    rounds: int = 5
    seconds: int = 4
    short_seconds: int = 3
    warm_up: int = 1
    #: Runs of the latency part for each round of the others.
    latency_runs: int = 6
    #: The same with cores that may sleep.
    sleepy_runs: int = 3
    #: HINCRBY sent in one round; a quarter as many decisions.
    pipelined_calls: int = 600_000
    keep: bool = False
    load_program: Path = BENCH / "load" / ".build" / "release" / "tollgate-load"
    results: dict = field(default_factory=dict)

    @staticmethod
    def say(text):
        print(text, flush=True)


QUICK = {"rounds": 3, "seconds": 2, "short_seconds": 2, "warm_up": 1, "latency_runs": 4,
         "sleepy_runs": 0, "pipelined_calls": 180_000}


def part_gates(run):
    figures, run.results["one key"] = gates.one_key(run)
    return figures


def part_many_keys(run):
    figures, run.results["many keys"] = gates.many_keys(run)
    return figures


PARTS = {
    "gates": ("gated requests beside nginx, HAProxy, nginx + ngx_lua and Envoy", part_gates),
    "many-keys": ("the same with 64 keys, each of another org", part_many_keys),
    "script": ("what a decision costs Redis", script.measured),
    "hot-key": ("one hot key", lambda run: hot_key.measured(run, run.results["one key"])),
    "latency": ("half load, open loop", latency.measured),
    "memory": ("memory", memory.measured),
    "replay": ("replays", replay.measured),
    "threads": ("two threads", threads.measured),
    "gateways": ("two gateways on one Redis", two_gateways.measured),
    "cluster": ("three Redis Cluster nodes", cluster.measured),
}
# Held against what the first part found.
AFTER_GATES = {"hot-key"}


def arguments(words=None):
    parser = argparse.ArgumentParser(
        prog="bench/all-figures", description="Every figure of the bench in one run. Everything is started here, on free "
        "ports of 127.0.0.1 and in temporary folders, and ended again. Exit status: 0 all bars met, 1 one was missed, 2 it "
        "could not run.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: a look, not a result")
    parser.add_argument("--parts", default=",".join(PARTS), help="which (default: all): " + ", ".join(PARTS))
    parser.add_argument("--rounds", type=int, help="alternating rounds (default 5, quick 3)")
    parser.add_argument("--tollgate", type=Path, default=Tollgate.executable, help="the executable (default %(default)s)")
    parser.add_argument("--load", type=Path, default=Run.load_program, help="tollgate-load (default %(default)s)")
    parser.add_argument("--results", type=Path, default=BENCH, help="folder for RESULTS.md and MODEL.md (default %(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folders of the comparisons")
    return parser.parse_args(words)


def chosen_parts(words):
    names = words.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise SystemExit(f"all-figures: unknown part {', '.join(unknown)}: choose from {', '.join(PARTS)}")
    if AFTER_GATES & set(names) and NEEDS_GATES not in names:
        names.append(NEEDS_GATES)
    return [name for name in PARTS if name in names]


def measure(run, names):
    """Figures by part. A part that fails is a missed figure; the others are measured all the same."""
    found = {}
    for name in names:
        title, part = PARTS[name]
        began = time.monotonic()
        print(f"\n== {title}", flush=True)
        try:
            found[name] = part(run)
        except Exception as failure:  # noqa: BLE001: whatever it was, it is told, and the run goes on
            traceback.print_exc()
            found[name] = [Figure(f"{title}: could not be measured", float("nan"), holds=False, note=str(failure))]
        for figure in found[name]:
            print(figure.line, flush=True)
        print(f"   ({time.monotonic() - began:.0f} s)", flush=True)
    return found


def main():
    # So that everything is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_UNUSABLE))
    options = arguments()
    names = chosen_parts(options.parts)
    Tollgate.executable = options.tollgate
    run = Run(**(QUICK if options.quick else {}), keep=options.keep, load_program=options.load)
    run.rounds = options.rounds or run.rounds
    missing = missing_packages(PEERS.values())
    if missing:
        print(f"all-figures: missing: {' '.join(missing)}. Install with:\n"
              f"  apt-get install -y --no-install-recommends {' '.join(missing)}", file=sys.stderr)
        return EXIT_UNUSABLE
    for program in (options.tollgate, options.load):
        if not program.is_file():
            print(f"all-figures: there is no {program}: `make bench` builds it", file=sys.stderr)
            return EXIT_UNUSABLE
    try:
        envoy_install.install()
        began, started = time.monotonic(), report.now()
        found = measure(run, names)
    except envoy_install.InstallFailure as failure:
        print(f"all-figures: {failure}", file=sys.stderr)
        return EXIT_UNUSABLE
    except KeyboardInterrupt:
        print("\nall-figures: interrupted; everything it started has been stopped", file=sys.stderr)
        return EXIT_UNUSABLE
    whole = results.Whole(run=run, quick=options.quick, started=started, seconds=time.monotonic() - began, parts=found,
                          machine=report.machine())
    write(whole, options.results, is_complete=len(names) == len(PARTS))
    print("\n" + "\n".join(figure.line for figure in whole.figures if figure.is_judged or not figure.holds))
    print(f"\n{len(whole.missed)} missed in {whole.seconds / 60:.1f} minutes")
    return EXIT_MISSED if whole.missed else 0


def write(whole, folder, is_complete):
    """A quick or partial run is not the product's claim: it goes where nothing is kept."""
    scratch = BENCH / "results"
    scratch.mkdir(exist_ok=True)
    target = folder if is_complete and not whole.quick else scratch
    target.mkdir(parents=True, exist_ok=True)
    (target / "RESULTS.md").write_text(results.markdown(whole))
    (scratch / "bench.json").write_text(results.as_json(whole))
    (scratch / "report.html").write_text(page.page(whole))
    said = [target / "RESULTS.md", scratch / "bench.json", scratch / "report.html"]
    if model.is_fed(whole):
        (target / "MODEL.md").write_text(model.markdown(whole))
        said.append(target / "MODEL.md")
    print("\nWritten: " + ", ".join(map(str, said)))
