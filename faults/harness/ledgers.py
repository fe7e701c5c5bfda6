"""What each side of a run says happened. Times are seconds of the system's monotonic clock since the run's start."""

from dataclasses import dataclass, field


@dataclass
class Attempt:
    """One request as its client saw it."""

    number: int
    route: str
    org: str
    key: str
    gateway: str
    begun: float
    ended: float = 0.0
    #: The Idempotency-Key; None without one.
    operation: str | None = None
    mode: str = "ok"
    #: complete: the whole answer came; refused: no connection, nothing was sent; dropped: the connection ended before
    #: the answer's head; truncated: it ended within the body; timeout: the client gave up; aborted: it left on purpose.
    ending: str = "open"
    status: int = 0
    #: The gateway's own problem; empty for an answer of the upstream.
    problem: str = ""
    replayed: bool = False
    request_id: str = ""
    #: Which execution this answer came from.
    execution: str = ""
    units: int = 0
    #: Of the last event that was seen whole.
    tokens: int = 0

    @property
    def is_upstream_answer(self):
        """A complete answer that came from an execution, first hand or replayed."""
        return self.ending == "complete" and not self.problem

    def line(self):
        what = {"complete": f"{self.status}" + (f" {self.problem}" if self.problem else "")}.get(self.ending, self.ending)
        notes = [note for note in (
            f"key {self.operation}" if self.operation else "", "replayed" if self.replayed else "",
            f"execution {self.execution}" if self.execution else "", self.request_id) if note]
        return (f"{self.begun:9.3f} +{self.ended - self.begun:6.3f}  #{self.number} {self.gateway} {self.route} "
                f"[{self.mode}] -> {what}" + (f"  ({', '.join(notes)})" if notes else ""))


@dataclass
class Execution:
    """One request that the upstream carried out."""

    name: str
    attempt: int
    operation: str | None
    route: str
    at: float
    status: int = 200
    units: int = 0
    tokens: int = 0

    def line(self):
        return (f"{self.at:9.3f}          executed as {self.name} for attempt #{self.attempt}: status {self.status}, "
                f"units {self.units}, tokens {self.tokens}")


@dataclass
class Fault:
    """Something that was done to a process."""

    number: int
    kind: str
    target: str
    begun: float
    #: When the target was made whole again.
    ended: float = 0.0
    detail: str = ""
    #: Redis may have forgotten what was written after this moment; None if it forgets nothing.
    forgets_since: float | None = None

    @property
    def store_is_away(self):
        return self.kind in ("redis-kill", "redis-empty", "redis-older", "redis-stop", "redis-clients")

    def line(self):
        return (f"{self.begun:9.3f} +{self.ended - self.begun:6.3f}  fault {self.number}: {self.kind} of {self.target}"
                + (f" ({self.detail})" if self.detail else ""))


@dataclass
class Claim:
    """An idempotency key that Redis holds as running."""

    digest: str
    lease_left: float


@dataclass
class RedisLedger:
    open_claims: list = field(default_factory=list)
    expired_claims: list = field(default_factory=list)
    #: Lease sets with members that have not expired: name and count.
    open_leases: list = field(default_factory=list)
    #: (epoch, org, key, meter): added, voided
    counters: dict = field(default_factory=dict)


@dataclass
class PostgresLedger:
    #: (org, key, meter): quantity
    meters: dict = field(default_factory=dict)
    #: (epoch, org, key, meter): added, voided
    counters: dict = field(default_factory=dict)


@dataclass
class ShareSample:
    """What a gateway says that it may admit of any one bucket of a route by itself, and what it has admitted of one."""

    at: float
    gateway: str
    route: str
    bound: float
    spent: float


@dataclass
class RouteRules:
    """What a route promises."""

    name: str
    #: Meters that count 1 a request, that count `X-Units` of a 2xx, that count the last event's tokens.
    fixed: str | None = None
    units: str | None = None
    tokens: str | None = None
    keyed: bool = False
    durable: bool = False
    #: Of the bucket by key; None without one.
    capacity: int | None = None
    denies: bool = False
    idempotent_method: bool = False


@dataclass
class Ledgers:
    routes: dict
    attempts: list
    executions: list
    faults: list
    redis: RedisLedger
    postgres: PostgresLedger
    #: Idempotency keys whose client gave up without a final answer.
    unresolved: set = field(default_factory=set)
    #: How long a claim or lease may stay open once nobody holds it.
    lease_seconds: float = 33.0
    #: As the gateways export them, in order of time.
    shares: list = field(default_factory=list)
    #: What else counts what is open: description and count.
    open_counts: list = field(default_factory=list)
    #: Processes that ended without a fault: name, time, the end of their log.
    crashes: list = field(default_factory=list)
