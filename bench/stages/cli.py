"""`bench/gauge`: counts, compared with what is kept."""

import argparse
import json
import os
import sys
from pathlib import Path

from comparison.processes import StartFailure, missing_programs

from .callgrind import CountFailure
from .measure import measure

BENCH = Path(__file__).resolve().parents[1]
ROOT = BENCH.parent
#: How much a count may rise before somebody has to look. Stages repeat to a thousandth on one machine, and libraries
#: differ by a little; of the whole, how many of its reads came early depends on what else the machine does.
MARGIN = 1.05
MARGINS = {"instructions: whole request": 1.1}
#: How often a run with a count above its threshold is repeated; the least of all runs is judged.
AGAIN = 2
#: A count this far below its threshold ought to be kept instead.
SLACK = 0.85
PACKAGES = {"valgrind": "valgrind", "callgrind_control": "valgrind", "redis-server": "redis-server", "strip": "binutils"}


def margin(name):
    return MARGINS.get(name, MARGIN)


def judge(counts, kept):
    """(lines, whether all is well)."""
    lines, good = [], True
    for name, count in counts.items():
        limit = kept.get(name)
        if limit is None:
            note, well = "nothing is kept for it: run with --keep", False
        elif count <= 0:
            note, well = "reads zero: the gauge is broken, not the code fast", False
        elif count > limit:
            note, well = f"above {limit}", False
        elif count * margin(name) < limit * SLACK:
            note, well = f"at most {limit}; much below: keep it (--keep)", True
        else:
            note, well = f"at most {limit}", True
        good = good and well
        lines.append(f"{'  ' if well else '! '}{name}: {count} ({note})")
    for name in kept.keys() - counts.keys():
        lines.append(f"! {name}: not measured any more")
        good = False
    return lines, good


def main():
    parser = argparse.ArgumentParser(
        prog="bench/gauge", description="Counts instructions and allocations of a request and compares them with "
        "bench/thresholds.json. Exit status: 0 all within, 1 one above or unread, 2 it could not run.")
    parser.add_argument("--tollgate", default=ROOT / os.environ.get("BUILD_DIR", ".build") / "release" / "tollgate",
                        help="the executable, a release build (default: %(default)s)")
    parser.add_argument("--thresholds", type=Path, default=BENCH / "thresholds.json")
    parser.add_argument("--keep", action="store_true", help="write what was counted, and a margin, as thresholds")
    arguments = parser.parse_args()
    missing = missing_programs(PACKAGES)
    if missing:
        print(f"Missing Debian packages: {' '.join(missing)}", file=sys.stderr)
        return 2
    if not Path(arguments.tollgate).is_file():
        print(f"There is no {arguments.tollgate}: build it with `make release`.", file=sys.stderr)
        return 2
    try:
        counts = measure(arguments.tollgate)
        kept = {} if arguments.keep else json.loads(arguments.thresholds.read_text())
        # A busy machine adds a little. A count that has risen is above its threshold in each run.
        for _ in range(0 if arguments.keep or judge(counts, kept)[1] else AGAIN):
            again = measure(arguments.tollgate)
            counts = {name: min(count, again.get(name, count)) for name, count in counts.items()}
    except (CountFailure, StartFailure) as failure:
        print(f"bench/gauge: {failure}", file=sys.stderr)
        return 2
    if arguments.keep:
        kept = {name: int(count * margin(name)) + 1 for name, count in counts.items()}
        arguments.thresholds.write_text(json.dumps(kept, indent=2) + "\n")
    lines, good = judge(counts, json.loads(arguments.thresholds.read_text()))
    print("\n".join(lines))
    return 0 if good else 1
