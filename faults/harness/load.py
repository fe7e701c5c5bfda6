"""The load: arrivals at a steady rate whatever the answers are, and clients that behave as real ones should: those with
an Idempotency-Key come again with the same key until they have a final answer."""

import asyncio
import random
from dataclasses import dataclass, replace

from .http import Pool, exchange, request_bytes
from .ledgers import Attempt
from .stack import ROUTES, now

#: Share of arrivals by route.
MIX = {"get": 25, "post": 15, "deny": 8, "op": 18, "durable": 10, "stream": 4, "opstream": 4, "scarce": 6,
       "scarcedeny": 6, "held": 4}
#: How a request wants to be treated, by weight.
MODES = (("ok", 88), ("slow=0.3", 4), ("slow=1.5", 1), ("status=500", 1), ("status=404", 1), ("busy", 1), ("truncate", 1),
         ("reset", 1))
EVENTS_MODES = (("events=10,0.02", 80), ("events=40,0.05", 20))
ANSWER_SECONDS = 20
#: Problems after which the same key is tried again; every other answer is final.
TRY_AGAIN = {"limiter-unavailable", "key-lookup-unavailable", "upstream-connect-failed", "upstream-connect-timeout",
             "upstream-unavailable", "overloaded", "shutting-down", "idempotency-in-progress", "rate-limit-exceeded"}


@dataclass(frozen=True)
class Arrival:
    at: float
    route: str
    org: int
    gateway: str
    mode: str
    units: int
    #: Whether a client of a stream leaves within it, and after how many events.
    leaves_after: int | None
    #: Whether a keyed request is repeated once its answer is there, and how much later.
    again_after: float | None


def arrivals(seed, seconds, rate, orgs, mix=None, plain_modes=MODES):
    rng = random.Random(f"load {seed}")
    mix = mix or MIX
    names, weights = list(mix), list(mix.values())
    at = 0.0
    while True:
        at += rng.expovariate(rate)
        if at >= seconds:
            return
        route = rng.choices(names, weights)[0]
        streams = ROUTES[route].tokens is not None
        modes = EVENTS_MODES if streams else plain_modes
        if route.startswith("scarce"):
            modes = (("ok", 1),)
        mode = rng.choices([name for name, _ in modes], [weight for _, weight in modes])[0]
        yield Arrival(
            at, route, rng.randrange(orgs), f"gateway-{rng.randint(1, 2)}", mode, rng.randint(1, 1_000),
            rng.randint(2, 8) if streams and rng.random() < 0.25 else None,
            rng.uniform(0.5, 5) if rng.random() < 0.2 else None)


class Load:
    def __init__(self, stack, keys, slice_seconds, started, patience):
        self._keys, self._slice_seconds, self._started, self._patience = keys, slice_seconds, started, patience
        self._pools = {name: Pool(stack.gateway_port(int(name[-1]))) for name in stack.gateways}
        self.attempts = []
        self.unresolved = set()
        self._clients = set()
        self._end = float("inf")

    async def run(self, planned, seed):
        """Sends all of `planned` and returns when every client has ended."""
        for number, arrival in enumerate(planned):
            wait = self._started + arrival.at - now()
            if wait > 0:
                await asyncio.sleep(wait)
            client = self._keyed if ROUTES[arrival.route].keyed else self._plain
            task = asyncio.create_task(client(arrival, f"{seed}-{number}"))
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        self._end = now() + 3 * self._patience
        while self._clients:
            await asyncio.wait(set(self._clients))
        for pool in self._pools.values():
            pool.close()

    @property
    def under_way(self):
        return len(self._clients)

    def _key(self, arrival):
        row = min(int(arrival.at / self._slice_seconds), len(self._keys) - 1)
        return self._keys[row][arrival.org]

    async def _plain(self, arrival, name):
        await self._attempt(arrival, arrival.gateway, None)

    async def _keyed(self, arrival, name):
        rng = random.Random(name)
        if not await self._until_final(arrival, name, rng):
            self.unresolved.add(name)
        elif arrival.again_after is not None:
            await asyncio.sleep(arrival.again_after)
            await self._attempt(arrival, f"gateway-{rng.randint(1, 2)}", name)

    async def _until_final(self, arrival, name, rng):
        gateway, pause = arrival.gateway, 0.05
        # A gateway may die under any attempt, and its lease begins anew; a store may be away for as long as faults go on.
        # What counts is how long a key is said to be in progress while nobody can be at it.
        deadline = now() + self._patience
        leaves_after = arrival.leaves_after
        while now() < min(deadline, self._end):
            attempt = await self._attempt(arrival, gateway, name, leaves_after)
            leaves_after = None
            if attempt.problem != "idempotency-in-progress":
                deadline = now() + self._patience
            if arrival.mode == "busy":
                arrival = replace(arrival, mode="ok")
            if is_final(attempt):
                return True
            await asyncio.sleep(pause * rng.uniform(0.5, 1.5))
            pause = min(pause * 2, 1.0)
            gateway = f"gateway-{rng.randint(1, 2)}"
        return False

    async def _attempt(self, arrival, gateway, operation, leaves_after=None):
        key = self._key(arrival)
        attempt = Attempt(len(self.attempts) + 1, arrival.route, key.org_id, key.key_id, gateway, now() - self._started,
                          operation=operation, mode=arrival.mode)
        self.attempts.append(attempt)
        fields = {"Authorization": f"Bearer {key.text}", "X-Attempt": attempt.number, "X-Mode": arrival.mode,
                  "X-Want-Units": arrival.units}
        method, body = ("GET", b"") if ROUTES[arrival.route].idempotent_method else ("POST", b'{"do":"it"}')
        if body:
            fields["Content-Type"] = "application/json"
        if operation:
            fields["Idempotency-Key"] = operation
        elif leaves_after is None:
            leaves_after = arrival.leaves_after
        request = request_bytes(method, f"/v1/{arrival.route}", fields, body)
        await exchange(self._pools[gateway], attempt, request, ANSWER_SECONDS, leaves_after)
        attempt.ended = now() - self._started
        return attempt


def is_final(attempt):
    """Whether the client of a keyed request is done."""
    if attempt.ending != "complete" or attempt.problem in TRY_AGAIN:
        return False
    return bool(attempt.problem) or attempt.status not in (401, 408, 425, 429, 503)
