"""Reads what Redis holds and what PostgreSQL says."""

import time

from .ledgers import Claim, Execution, PostgresLedger, RedisLedger
from .redis import RedisClient
from .stack import PREFIX

COUNTERS = """SELECT epoch, org_id, api_key_id, meter, sum(added), sum(voided) FROM usage_counters GROUP BY 1, 2, 3, 4"""
CLAIMS = """SELECT key, extract(epoch FROM lease_until - now()) FROM idempotency_keys WHERE state IN ('running', 'expired')"""
METERS = """SELECT org_id, api_key_id, meter, sum(quantity) FROM usage_meters GROUP BY 1, 2, 3"""


def read_redis(path):
    ledger = RedisLedger()
    with RedisClient(path) as client:
        at_ms = time.time() * 1000
        for name in client.scan(f"{PREFIX}i:*"):
            state, lease = client("HMGET", name, "s", "l")
            if state in (b"i", b"x"):
                claim = Claim(name.decode().rpartition(":")[2], (float(lease or 0) - at_ms) / 1000)
                (ledger.open_claims if claim.lease_left > 0 else ledger.expired_claims).append(claim)
        for name in client.scan(f"{PREFIX}c:*"):
            held = client("ZCOUNT", name, f"({at_ms:.0f}", "+inf")
            if held:
                ledger.open_leases.append((name.decode(), held))
        for name in client.scan(f"{PREFIX}m:*"):
            org, _, epoch = name.decode()[len(PREFIX) + 3:].partition("}:")
            for field, value in client.hash(name).items():
                _, key, meter, _, *is_void = field.split(":")
                cell = ledger.counters.setdefault((epoch, org, key, meter), [0, 0])
                cell[1 if is_void else 0] += int(value)
    return ledger


async def read_postgres(stack):
    ledger = PostgresLedger()
    for org, key, meter, quantity in await stack.sql(METERS):
        ledger.meters[org, key, meter] = int(quantity)
    for epoch, org, key, meter, added, voided in await stack.sql(COUNTERS):
        ledger.counters[epoch, org, key, meter] = [int(added), int(voided)]
    for digest, lease_left in await stack.sql(CLAIMS):
        claim = Claim(digest, float(lease_left))
        (ledger.open_claims if claim.lease_left > 0 else ledger.expired_claims).append(claim)
    return ledger


def read_executions(lines, started):
    """The upstream's ledger. `lines` are dictionaries as it wrote them."""
    return [Execution(
        each["name"], each["attempt"], each["operation"], each["route"].rpartition("/")[2], each["at"] - started,
        each["status"], each["units"], each["tokens"]) for each in lines]
