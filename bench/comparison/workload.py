"""The work that is the same for every peer: who asks, under which limits, and what comes back."""

import hashlib
import json
import random
import zlib
from dataclasses import dataclass, field

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

PATH = "/v1/jobs/job_01JBENCH"
ANSWER = json.dumps({"id": "job_01JBENCH", "status": "done", "result": {"words": 1234567}})
assert len(ANSWER) == 70, "the answer is defined as 70 bytes"


@dataclass(frozen=True)
class Limit:
    """A token bucket: `capacity` tokens, `refill` of them every `period_ms`."""

    name: str
    scope: str
    capacity: int
    refill: int
    period_ms: int


# Every request is counted against both; neither may ever refuse, since a refusal is cheaper than a forwarded request.
LIMITS = (
    Limit("burst", "key", 1_000_000_000, 1_000_000, 1_000),
    Limit("plan", "org", 1_000_000_000, 1_000_000, 1_000),
)

METER = "requests"


@dataclass(frozen=True)
class Caller:
    """One API key, and the org it belongs to."""

    key: str
    key_id: str
    org_id: str
    plan: str = "PRO"

    @property
    def digest(self):
        return hashlib.sha256(self.key.encode()).hexdigest()


@dataclass(frozen=True)
class Workload:
    callers: tuple
    connections: int = 64
    path: str = PATH
    answer: str = ANSWER
    limits: tuple = field(default=LIMITS)

    @classmethod
    def with_keys(cls, count, connections, seed=1):
        draw = random.Random(seed)
        return cls(tuple(make_caller(draw) for _ in range(count)), connections)

    @staticmethod
    def authorization(key):
        return {"Authorization": f"Bearer {key}"}


def make_caller(draw):
    """A caller with an org of its own."""
    return Caller(make_key(draw), record_id("key_", draw), record_id("org_", draw))


def make_key(draw, brand="tgk", environment="live"):
    """`<brand>_<environment>_`, 32 random base62 characters, and the CRC-32 of all before in six more."""
    body = f"{brand}_{environment}_" + "".join(draw.choice(BASE62) for _ in range(32))
    rest, check = zlib.crc32(body.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        check = BASE62[digit] + check
    return body + check


def record_id(prefix, draw):
    return prefix + "0" + "".join(draw.choice(BASE32) for _ in range(25))
