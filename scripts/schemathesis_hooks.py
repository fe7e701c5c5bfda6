"""Gives the requests that schemathesis makes up something to work on (scripts/schemathesis.sh).

A made-up id names nothing, a made-up `If-Match` no version, and a made-up slug is soon taken: what lies behind would stay
untested. So, just before a request is sent, nine times in ten:

* ids in path, query and body are replaced by those of records that exist and belong together; operations that remove
  something get something of their own, made for them through the API;
* what must be unique (addresses, slugs, references, `Idempotency-Key`) is given a fresh value;
* `If-Match` becomes the record's present `ETag`.

Only values that fit their schema are replaced, never those that are wrong on purpose; schemathesis looks at the request
again after that. The stateful phase keeps the ids that its links give; before it, nothing that was seeded is removed.
"""
import itertools
import os
import random
import re
import uuid

import requests
import schemathesis

URL = os.environ["TOLLGATE_ADMIN_URL"]
TOKEN = os.environ["TOLLGATE_ADMIN_TOKEN"]

IDS = {
    "org": "org", "user": "usr", "key": "key", "token": "tok", "job": "job", "endpoint": "whe", "delivery": "whd",
    "payment_method": "pmt",
}
PATTERNS = {name: re.compile(rf"{prefix}_[0-9A-Za-z]{{1,60}}") for name, prefix in IDS.items()} | {
    "plan": re.compile(r"[A-Z][A-Z0-9_]{0,31}"),
    "flag": re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    "override": re.compile(r"[0-9]{1,18}"),
    "event": re.compile(r"evt_[0-9A-Za-z_]{1,200}"),
    "invoice": re.compile(r"in_[0-9A-Za-z_]{1,200}"),
    "environment": re.compile(r"[a-z]{4}"),
    "idempotency_key": re.compile(r"[!#-+\x2d-\x5b\x5d-~]{1,255}"),
}
EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,4}")
SLUG = re.compile(r"[a-z0-9]{1,63}(-[a-z0-9]{1,62}){0,31}")
REFERENCE = re.compile(r"[0-9A-Za-z_.:-]{1,200}")
HEADER = re.compile(r"[!-~]{1,200}")
IDEMPOTENCY_KEY = re.compile(r"[0-9A-Za-z_.:/+=~-]{1,255}")

# Operations that use up what they are given.
REMOVES = {
    "deleteOrg", "deleteUser", "revokeKey", "rotateKey", "removeMember", "revokeOperatorToken", "revokeToken", "deletePlan",
    "deleteLimitOverride", "deleteFlag", "deleteFlagOverride", "removeWebhookEndpoint", "removePaymentMethod",
    "expireIdempotencyKey",
}
# Where the `ETag` of what an operation changes is read, if it is not at the same path.
TAGGED = {
    "setOrgPlan": "/v1/orgs/{org}", "setOrgExpiry": "/v1/orgs/{org}", "setMaintenance": "/v1/system",
}


class World:
    """Records that exist, by the parameters that name them."""

    def __init__(self):
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"
        self.random = random.Random(int(os.environ.get("SEED") or "1"))
        self.numbers = itertools.count()
        self.run = uuid.uuid4().hex[:10]
        self.found = {}
        # Made for an operation that removes it, and not removed yet.
        self.spare = {}
        self.read()

    # Asking

    def ask(self, method, path, body=None):
        return self.session.request(method, URL + path, json=body, timeout=30)

    def made(self, method, path, body=None):
        answer = self.ask(method, path, body)
        answer.raise_for_status()
        return answer.json() if answer.content else {}

    def listed(self, path):
        answer = self.ask("GET", path)
        return answer.json()["data"] if answer.ok else []

    def fresh(self, prefix=""):
        return f"{prefix}{self.run}{next(self.numbers)}"

    # What exists

    def read(self):
        """The seeded orgs are those with jobs; everything is taken from them."""
        found = self.found
        orgs = [org["id"] for org in self.listed("/v1/orgs?limit=100")]
        seeded = [org for org in orgs if self.listed(f"/v1/orgs/{org}/jobs?limit=1")] or orgs[:2]
        found["org",] = [(org,) for org in seeded]
        children = {
            "key": ("keys", "id"), "user": ("members", "user_id"), "token": ("tokens", "id"), "job": ("jobs", "id"),
            "override": ("limit-overrides", "id"), "endpoint": ("webhook-endpoints", "id"),
            "delivery": ("webhook-deliveries", "id"), "payment_method": ("payment-methods", "id"),
            "invoice": ("invoices", "id"),
        }
        for org in seeded:
            scope = {"scope": "org", "limit": "seeded", "capacity": 10, "refill": 1}
            self.made("PUT", f"/v1/orgs/{org}/limit-overrides", scope)
            member = self.listed(f"/v1/orgs/{org}/members?limit=1")[0]["user_id"]
            self.made("POST", f"/v1/orgs/{org}/tokens", {"user_id": member})
            self.made("POST", f"/v1/orgs/{org}/webhook-endpoints", {"url": "https://hooks.example/seeded"})
            for name, (path, field) in children.items():
                records = self.listed(f"/v1/orgs/{org}/{path}?limit=100")
                found.setdefault(("org", name), []).extend((org, record.get(field)) for record in records)
            found["org", "invoice"] = [
                (org, invoice["stripe_invoice_id"]) for org in seeded for invoice in self.listed(f"/v1/orgs/{org}/invoices")]
        self.made("PUT", "/v1/flags/seeded", {"description": "Seeded"})
        found["flag",] = [("seeded",)]
        found["org", "flag"] = [(org, "seeded") for org in seeded]
        found["plan",] = [("FREE",), ("PRO",), ("ENTERPRISE",)]
        found["user",] = [(user,) for _, user in found["org", "user"]]
        found["event",] = [(event["id"],) for event in self.listed("/v1/stripe-events")]
        found["token",] = [(self.made("POST", "/v1/operator-tokens", {"name": "seeded"})["id"],)]
        claimed = self.claim("seeded-" + self.run)
        found["org", "environment", "idempotency_key"] = [claimed] if claimed else []
        self.seeded = {value for records in found.values() for record in records for value in record} | set(orgs)

    def claim(self, key):
        """A claim at the edge: only a request there makes one."""
        edge, secret = os.environ.get("TOLLGATE_URL"), os.environ.get("TOLLGATE_KEY")
        digest = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
        job = {"type": "count", "input": {"text": "one"}}
        if not requests.post(f"{edge}/v1/jobs", json=job, headers=digest, timeout=30).ok:
            return None
        for (org,) in [(org["id"],) for org in self.listed("/v1/orgs?limit=100")]:
            if self.ask("GET", f"/v1/orgs/{org}/idempotency-keys/live/{key}").ok:
                return (org, "live", key)
        return None

    # What is made to be removed

    def victim(self, operation, names):
        if (operation, names) not in self.spare:
            try:
                self.spare[operation, names] = self.make(names)
            except requests.HTTPError:
                # Something that it needs was removed in between.
                self.read()
                return None
        return self.spare[operation, names]

    def make(self, names):
        org = self.pick(("org",))[0]
        fresh = self.fresh()
        if names == ("org",):
            return (self.made("POST", "/v1/orgs", {"name": fresh, "slug": fresh, "owner_id": self.pick(("user",))[0]})["id"],)
        if names == ("user",):
            return (self.made("POST", "/v1/users", {"email": f"{fresh}@example.com"})["user"]["id"],)
        if names == ("org", "user"):
            (user,) = self.make(("user",))
            self.made("PUT", f"/v1/orgs/{org}/members/{user}", {"role": "MEMBER"})
            return (org, user)
        if names == ("org", "key"):
            return (org, self.made("POST", f"/v1/orgs/{org}/keys", {"name": fresh})["id"])
        if names == ("token",):
            return (self.made("POST", "/v1/operator-tokens", {"name": fresh})["id"],)
        if names == ("org", "token"):
            return (org, self.made("POST", f"/v1/orgs/{org}/tokens", {"user_id": self.member(org)})["id"])
        if names == ("plan",):
            self.made("PUT", f"/v1/plans/P{fresh.upper()}", {"name": fresh})
            return (f"P{fresh.upper()}",)
        if names == ("flag",):
            self.made("PUT", f"/v1/flags/{fresh}", {})
            return (fresh,)
        if names == ("org", "flag"):
            self.made("PUT", f"/v1/orgs/{org}/flags/seeded", {"value": True})
            return (org, "seeded")
        if names == ("org", "override"):
            body = {"scope": "ip", "subject": fresh, "capacity": 10, "refill": 1}
            return (org, self.made("PUT", f"/v1/orgs/{org}/limit-overrides", body)["id"])
        if names == ("org", "endpoint"):
            return (org, self.made("POST", f"/v1/orgs/{org}/webhook-endpoints", {"url": f"https://{fresh}.example/"})["id"])
        if names == ("org", "payment_method"):
            card = {"user_id": self.member(org), "stripe_payment_method_id": f"pm_{fresh}", "stripe_customer_id": f"cus_{fresh}",
                    "brand": "visa", "last4": "4242", "expiry_month": 8, "expiry_year": 2100}
            return (org, self.made("POST", f"/v1/orgs/{org}/payment-methods", card)["id"])
        if names == ("org", "environment", "idempotency_key"):
            return self.claim(self.fresh("spare-"))
        return None

    # Choosing

    def pick(self, names):
        known = self.found.get(names)
        return self.random.choice(known) if known else None

    def member(self, org):
        members = [user for owner, user in self.found["org", "user"] if owner == org]
        return self.random.choice(members) if members else self.pick(("user",))[0]

    def mostly(self):
        return self.random.random() < 0.9


world = None


def fits(pattern, value):
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def is_stateful(case):
    return case.meta is not None and case.meta.phase.name.value == "stateful"


def is_negative(case, place):
    components = case.meta.components if case.meta is not None else {}
    return any(location.value == place and info.mode.is_negative for location, info in components.items())


def name_records(case):
    """The path's parameters, all of records that belong together."""
    operation = case.operation.definition.raw["operationId"]
    names = tuple(re.findall(r"\{(\w+)\}", case.operation.path))
    if not names or is_stateful(case):
        return
    # Values also come from earlier answers.
    is_seeded = operation in REMOVES and any(case.path_parameters.get(name) in world.seeded for name in names)
    if not world.mostly() and not is_seeded:
        return
    real = world.victim(operation, names) if operation in REMOVES else world.pick(names)
    if real is None and names[0] == "org" and len(names) > 1:
        # Perhaps a limit's levels: the same key, one part more in the path.
        real = world.pick(names[:1])
    for name, value in zip(names, real or ()):
        if fits(PATTERNS[name], case.path_parameters.get(name)):
            case.path_parameters[name] = value


def name_in_query(case):
    query = case.query
    if query and case.operation.definition.raw["operationId"] in ("getIdempotencyKey", "expireIdempotencyKey"):
        # Claims of the demo's routes belong to the org, not to one key of it.
        if fits(PATTERNS["key"], query.get("api_key_id")) and world.mostly():
            del query["api_key_id"]
    org = case.path_parameters.get("org") if case.path_parameters else None
    for field, names in (("api_key_id", ("org", "key")), ("endpoint_id", ("org", "endpoint")), ("user_id", ("org", "user"))):
        if query and fits(PATTERNS[names[1]], query.get(field)) and world.mostly():
            mine = [value for owner, value in world.found[names] if owner == org]
            if mine:
                query[field] = world.random.choice(mine)


def name_in_body(case):
    body = case.body
    if not isinstance(body, dict):
        return
    operation = case.operation.definition.raw["operationId"]
    org = (case.path_parameters or {}).get("org")
    replacements = {
        "user_id": (PATTERNS["user"], lambda: world.member(org)),
        "owner_id": (PATTERNS["user"], lambda: world.pick(("user",))[0]),
        "plan": (PATTERNS["plan"], lambda: world.pick(("plan",))[0]),
        "slug": (SLUG, world.fresh), "org_slug": (SLUG, world.fresh),
        "reference": (REFERENCE, lambda: world.fresh("ref:")),
        "package": (re.compile(r"[a-z0-9_-]{1,64}"), lambda: world.random.choice(["starter", "popular", "pro", "mega"])),
        "stripe_payment_method_id": (re.compile(r"pm_[0-9A-Za-z_]{1,200}"), lambda: world.fresh("pm_")),
    }
    if operation in ("createUser", "updateUser"):
        replacements["email"] = (EMAIL, lambda: world.fresh() + "@example.com")
    for field, (pattern, value) in replacements.items():
        if fits(pattern, body.get(field)) and world.mostly():
            body[field] = value()
    if operation == "putLimitOverride" and body.get("scope") == "org" and "subject" in body and world.mostly():
        body["subject"] = org


def freshen_headers(case):
    headers = case.headers
    if not headers or is_negative(case, "header"):
        return
    if fits(IDEMPOTENCY_KEY, headers.get("Idempotency-Key")):
        headers["Idempotency-Key"] = uuid.uuid4().hex
    if fits(HEADER, headers.get("If-Match")):
        operation = case.operation.definition.raw["operationId"]
        path = TAGGED.get(operation, case.operation.path)
        for name, value in (case.path_parameters or {}).items():
            path = path.replace(f"{{{name}}}", requests.utils.quote(str(value), safe=""))
        tag = world.ask("GET", path).headers.get("ETag")
        # Where there is nothing to change, there is no version either.
        if tag:
            headers["If-Match"] = tag
        else:
            del headers["If-Match"]


@schemathesis.hook
def before_call(context, case, kwargs):
    global world
    if world is None:
        world = World()
    name_records(case)
    name_in_query(case)
    name_in_body(case)
    freshen_headers(case)


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.definition.raw["operationId"]
    if operation in REMOVES and response.status_code < 300:
        names = tuple(re.findall(r"\{(\w+)\}", case.operation.path))
        world.spare.pop((operation, names), None)
    # The edge must go on serving: claims are made there.
    if operation == "setMaintenance" and response.status_code == 200:
        world.ask("PUT", "/v1/system/maintenance", {"enabled": False, "allowed": []})
