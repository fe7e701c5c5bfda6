"""Keys and orgs as the edge reads them from Redis (Sources/HotStore: Keyspace, PrincipalRecordCodec), written directly,
so that no PostgreSQL is needed; and what the meters counted."""

import time

VERSION = 1
# Names the epoch of an org's counters; anything will do.
WORD = "bench"


def publish(redis, prefix, callers):
    """Writes each caller's key, then its org, and last the org's version, as the publisher does."""
    for caller in callers:
        write(redis, prefix, caller, "active", VERSION)


def revoke(redis, prefix, caller):
    """Publishes the caller's key as revoked, under the org's next version."""
    write(redis, prefix, caller, "revoked", VERSION + 1)


def write(redis, prefix, caller, status, version):
    # Id, lineage where it is another, org, user, environment, status, expiry, scopes, networks; one string, to which an
    # older Tollgate's hash gives way.
    key = [caller.key_id, "", caller.org_id, "", "live", status, "0", "", ""]
    redis("SET", f"{prefix}k:{caller.digest}", f"{version} " + "".join(f"{len(part)}:{part}" for part in key))
    redis("HSET", f"{prefix}o:{{{caller.org_id}}}", *pairs({
        "id": caller.org_id, "plan": caller.plan, "status": "active", "on": "", "off": "", "overrides": "",
        "expires": 0, "ver": version}))
    redis("SET", f"{prefix}v:{{{caller.org_id}}}", f"{version}:{WORD}")


def pairs(fields):
    return [word for pair in fields.items() for word in pair]


def metered(redis, prefix, callers):
    """The sum of all meters of the callers' orgs, less what was taken back, once it stands still."""
    return standing(lambda: meters_now(redis, prefix, callers))


def standing(read):
    """What `read` gives once it stands still: a gateway tells Redis what it has counted four times a second."""
    before, now = None, read()
    while now != before:
        time.sleep(0.6)
        before, now = now, read()
    return now


def meters_now(redis, prefix, callers):
    total = 0
    for caller in callers:
        for name in redis("KEYS", f"{prefix}m:{{{caller.org_id}}}:*"):
            values = redis("HGETALL", name)
            for field, value in zip(values[::2], values[1::2]):
                total += -int(value) if field.endswith(b":v") else int(value)
    return total
