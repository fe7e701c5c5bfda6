"""What is done to whom and when, all of it decided by the seed before the run begins."""

import random
from dataclasses import dataclass

#: Kind: (weight, what it is done to).
KINDS = {
    "gateway-kill": (4, "gateway"),
    "gateway-stop": (3, "gateway"),
    "workers-kill": (3, "workers"),
    "workers-stop": (1, "workers"),
    "redis-kill": (3, "redis"),
    "redis-empty": (1, "redis"),
    "redis-older": (1, "redis"),
    "redis-stop": (3, "redis"),
    "redis-scripts": (2, "redis"),
    "redis-clients": (2, "redis"),
    "postgres-kill": (2, "postgres"),
    "postgres-away": (2, "postgres"),
    "postgres-stop": (2, "postgres"),
    "upstream-kill": (2, "upstream"),
}

#: How long the target is away, stopped or down, in seconds.
LENGTHS = {
    "gateway-kill": (0.0, 1.0),
    "gateway-stop": (0.1, 5.0),
    "workers-kill": (0.0, 3.0),
    "workers-stop": (0.1, 5.0),
    "redis-kill": (0.0, 2.0),
    "redis-empty": (0.0, 1.0),
    "redis-older": (0.0, 1.0),
    "redis-stop": (0.1, 5.0),
    "redis-scripts": (0.0, 0.0),
    "redis-clients": (0.0, 0.0),
    "postgres-kill": (0.0, 1.0),
    "postgres-away": (1.0, 5.0),
    "postgres-stop": (0.1, 5.0),
    "upstream-kill": (0.0, 1.0),
}


@dataclass(frozen=True)
class Planned:
    at: float
    kind: str
    target: str
    seconds: float


def plan(seed, seconds, per_minute, kinds=tuple(KINDS)):
    """`per_minute` faults a minute over `seconds`, the first and the last moments left alone. Each is in its own part of
    the time, so that any rate is met exactly; kinds come by weight, but each at least once where there is room."""
    rng = random.Random(f"faults {seed}")
    start, end = min(5.0, seconds / 10), seconds - min(5.0, seconds / 10)
    count = max(1, round(per_minute * seconds / 60))
    pool = list(kinds)
    rng.shuffle(pool)
    pool = pool[:count]
    weights = [KINDS[kind][0] for kind in kinds]
    pool += rng.choices(list(kinds), weights, k=count - len(pool))
    rng.shuffle(pool)
    step = (end - start) / count
    planned = []
    for number, kind in enumerate(pool):
        target = KINDS[kind][1]
        if target == "gateway":
            target = f"gateway-{rng.randint(1, 2)}"
        planned.append(Planned(start + step * (number + rng.random()), kind, target, rng.uniform(*LENGTHS[kind])))
    return planned
