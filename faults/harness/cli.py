"""`faults/run`"""

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from .compare import compare
from .processes import StartFailure
from .report import facts, full, stories, table
from .run import Run
from .schedule import KINDS

ROOT = Path(__file__).resolve().parents[2]
EXECUTABLE = ROOT / os.environ.get("BUILD_DIR", ".build") / "release" / "tollgate"


def parse(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="of load (default 600)")
    parser.add_argument("--seed", type=int, default=1, help="decides load and faults (default 1)")
    parser.add_argument("--rate", type=float, default=200, help="arrivals a second (default 200)")
    parser.add_argument("--per-minute", type=float, default=24, help="faults a minute (default 24)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="faults to choose from (default all: %(default)s)")
    parser.add_argument("--routes", default="", help="routes to load, by name (default all)")
    parser.add_argument("--orgs", type=int, default=3, help="(default 3)")
    parser.add_argument("--deadline-ms", type=int, default=250, help="of a call to Redis (default 250)")
    parser.add_argument("--tollgate", type=Path, default=EXECUTABLE, help="the executable (default %(default)s)")
    parser.add_argument("--results", type=Path, help="a folder for the table, the ledgers and the logs; they are kept")
    parser.add_argument("--rescan", action="store_true",
                        help="restart the workers at the end: their start looks at every counter, marked or not")
    parser.add_argument("--quiet", action="store_true", help="no line for every fault")
    return parser.parse_args()


def version(executable):
    """The commit, and what was measured."""
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    kind = "" if "debug" not in executable.resolve().parts else " (a debug build)"
    return f"commit {done.stdout.strip() or 'unknown'}{kind}, {os.cpu_count()} cores"


def keep(folder, run, text, comparison):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(text + "\n")
    (folder / "differences.txt").write_text(full(comparison))
    for name in ("attempts", "executions", "faults"):
        with open(folder / f"{name}.jsonl", "w") as file:
            file.writelines(json.dumps(asdict(each)) + "\n" for each in getattr(run.ledgers, name))
    for log in run.stack.folder.glob("*.log"):
        shutil.copy(log, folder)


def main(description):
    options = parse(description)
    if not options.tollgate.is_file():
        print(f"There is no {options.tollgate}: build it with `make release`, or name another with --tollgate.",
              file=sys.stderr)
        return 2
    unknown = set(options.kinds.split(",")) - set(KINDS)
    if unknown:
        print(f"No such faults: {', '.join(sorted(unknown))}. There are: {', '.join(KINDS)}.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="tollgate-faults-") as folder:
        run = Run(options, folder)
        try:
            asyncio.run(run.run())
        except StartFailure as failure:
            print(f"faults: {failure}", file=sys.stderr)
            return 2
        comparison = compare(run.ledgers)
        text = table(comparison, facts(run.ledgers, options.seed, options.seconds, version(options.tollgate)))
        results = options.results or (Path(tempfile.mkdtemp(prefix="faults-results-")) if comparison.differences else None)
        print(stories(comparison))
        print("\n" + text + "\n")
        for failure in run.failures:
            print(f"harness: {failure}")
        if results:
            keep(results, run, text, comparison)
            print(f"ledgers and logs: {results}")
    return 1 if comparison.differences or run.failures else 0
