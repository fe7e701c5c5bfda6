"""The orgs and keys of a run: orgs through the product's own commands, keys as rows, since there are hundreds."""

import hashlib
import json
import random
import subprocess
import zlib
from dataclasses import dataclass

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Key:
    """One API key. A key is used for one slice of time only, so that a difference of usage names its time."""

    text: str
    key_id: str
    org_id: str
    slice: int


def key_text(rng, brand="tgk"):
    """A live key of the product's form: 32 characters of randomness, then six of CRC-32."""
    text = f"{brand}_live_" + "".join(rng.choice(BASE62) for _ in range(32))
    rest, check = zlib.crc32(text.encode()), ""
    for _ in range(6):
        check = BASE62[rest % 62] + check
        rest //= 62
    return text + check


def make_keys(orgs, slices, seed):
    """`slices` keys for each org, by [slice][org]."""
    rng = random.Random(f"keys {seed}")
    return [[Key(key_text(rng), f"key_{org[4:]}s{number}", org, number) for org in orgs] for number in range(slices)]


def keys_sql(keys):
    """The statement that adds them, as the product's own records are."""
    rows = ",\n".join(
        f"('{key.key_id}', '{key.org_id}', 'slice {key.slice}', '{hashlib.sha256(key.text.encode()).hexdigest()}', "
        f"'{key.text[:12]}', 'live', '{key.key_id}')" for row in keys for key in row)
    return f"INSERT INTO api_keys (id, org_id, name, key_hash, key_prefix, environment, lineage_id) VALUES\n{rows};\n"


def make_org(executable, config, name):
    """Makes an org and returns its id."""
    done = subprocess.run(
        [executable, "orgs", "create", "--config", config, "--name", name, "--slug", name, "--plan", "PRO", "--owner",
         f"{name}@faults.example", "--json"], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"tollgate orgs create failed: {done.stderr or done.stdout}")
    return json.loads(done.stdout)["id"]
