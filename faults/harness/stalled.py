"""`faults/stalled-redis`"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

from .cli import EXECUTABLE, version
from .load import Load, arrivals
from .processes import StartFailure
from .stack import Stack, now

BEFORE_SECONDS, AFTER_SECONDS = 5.0, 10.0
#: After this everything must be as before; a reconnect waits 2 s at most.
RECOVERY_SECONDS = 5.0
ALLOWANCE_MS = 50
ROUTES = {"get": "local", "deny": "deny"}


def parse(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5, help="of standstill (default 5)")
    parser.add_argument("--deadline-ms", type=int, default=50, help="of a call to Redis (default 50, the product's own)")
    parser.add_argument("--rate", type=float, default=200, help="requests a second (default 200)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tollgate", type=Path, default=EXECUTABLE, help="the executable (default %(default)s)")
    return parser.parse_args()


async def measure(options, stack):
    """Returns the attempts and when Redis was stopped and continued."""
    total = BEFORE_SECONDS + options.seconds + AFTER_SECONDS
    keys = await stack.start(orgs=2, slices=1, seed=options.seed)
    planned = list(arrivals(options.seed, total, options.rate, 2, {name: 1 for name in ROUTES}, (("ok", 1),)))
    started = now()
    load = Load(stack, keys, total, started, patience=1)

    async def stall():
        await asyncio.sleep(BEFORE_SECONDS)
        stopped = now() - started
        stack.redis.stop()
        await asyncio.sleep(options.seconds)
        stack.redis.resume()
        return stopped, now() - started

    (stopped, resumed), _ = await asyncio.gather(stall(), load.run(planned, options.seed))
    return load.attempts, stopped, resumed


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def judge(attempts, stopped, resumed, deadline_ms):
    """Prints the table; returns what did not hold."""
    bound = deadline_ms + ALLOWANCE_MS
    phases = {"before": (1.0, stopped - 0.5), "Redis stopped": (stopped, resumed - bound / 1000),
              f"from {RECOVERY_SECONDS:g} s after": (resumed + RECOVERY_SECONDS, float("inf"))}
    failures = []
    print("| phase | route | requests | p50 ms | p99 ms | max ms | answers |\n|---|---|---:|---:|---:|---:|---|")
    for phase, (begin, end) in phases.items():
        for route, policy in ROUTES.items():
            chosen = [each for each in attempts if each.route == route and begin <= each.begun < end]
            times = [(each.ended - each.begun) * 1000 for each in chosen]
            answers = Counter(f"{each.status} {each.problem}".strip() if each.ending == "complete" else each.ending
                              for each in chosen)
            p99 = quantile(times, 0.99)
            print(f"| {phase} | {policy} | {len(chosen)} | {quantile(times, 0.5):.1f} | {p99:.1f} | "
                  f"{max(times, default=0):.1f} | {', '.join(f'{count} x {what}' for what, count in answers.items())} |")
            if phase == "Redis stopped":
                if p99 > bound:
                    failures.append(f"{policy}: p99 {p99:.1f} ms while Redis stood still, at most {bound} ms were allowed")
                if policy == "deny" and set(answers) != {"503 limiter-unavailable"}:
                    failures.append(f"deny: not only 503 while Redis stood still: {dict(answers)}")
            elif set(answers) != {"200"}:
                failures.append(f"{policy}, {phase}: not only 200: {dict(answers)}")
    back = [each.begun - resumed for each in attempts if each.route == "deny" and each.begun > resumed and each.status == 200]
    print(f"\nfirst request that Redis decided again: {min(back, default=float('nan')):.2f} s after it went on")
    return failures


def main(description):
    options = parse(description)
    if not options.tollgate.is_file():
        print(f"There is no {options.tollgate}: build it with `make release`, or name another with --tollgate.",
              file=sys.stderr)
        return 2

    async def run(folder):
        stack = Stack(folder, options.tollgate.resolve(), options.deadline_ms)
        try:
            return await measure(options, stack)
        finally:
            await stack.end()

    with tempfile.TemporaryDirectory(prefix="tollgate-stalled-") as folder:
        try:
            attempts, stopped, resumed = asyncio.run(run(folder))
        except StartFailure as failure:
            print(f"stalled-redis: {failure}", file=sys.stderr)
            return 2
    print(f"Redis stopped for {resumed - stopped:.1f} s, deadline {options.deadline_ms} ms, {options.rate:g} requests/s; "
          f"{version(options.tollgate)}\n")
    failures = judge(attempts, stopped, resumed, options.deadline_ms)
    for failure in failures:
        print(f"FAILED: {failure}")
    print("stalled-redis: " + ("failed" if failures else "all held"))
    return 1 if failures else 0
