"""Compares the ledgers. Pure: no process, no clock. What each row means is in docs/faults.md."""

from collections import defaultdict
from dataclasses import dataclass, field

from .history import History
from .usage import cells, suspects

#: A gateway that lost Redis decides by itself until it has it back.
RECONNECT_SECONDS = 3.0
#: A gateway's metrics are read twice a second; one that stands still is read late.
SHARE_SECONDS = 8.0
#: What may make a gateway decide without Redis besides faults of Redis itself: it starts, or all its deadlines are over.
ALONE_KINDS = ("gateway-kill", "gateway-stop")


@dataclass
class Difference:
    row: str
    subject: str
    count: int = 1
    story: list = field(default_factory=list)


@dataclass
class Comparison:
    differences: list
    #: Row: what is said beside its count.
    notes: dict

    ROWS = ("executed twice", "lost", "doubled", "stuck", "over-admitted, Redis up", "over-admitted, Redis away",
            "Redis ahead of PostgreSQL", "valid key refused", "internal error", "crashed")

    def count(self, row):
        return sum(difference.count for difference in self.differences if difference.row == row)


def compare(ledgers):
    history = History(ledgers)
    notes = defaultdict(str)
    differences = [
        *executed_twice(history, notes), *usage_differences(history, notes), *stuck(history, notes),
        *over_admitted(history, notes), *redis_ahead(ledgers), *wrong_answers(history), *crashed(ledgers)]
    return Comparison(differences, dict(notes))


def executed_twice(history, notes):
    excused = 0
    for operation, executions in history.of_operation.items():
        attempts = history.attempts_of[operation]
        rules = history.rules(attempts[0]) if attempts else None
        for first, second in zip(executions, executions[1:]):
            forgotten = history.may_be_forgotten(first.at, second.at)
            if rules and not rules.durable and forgotten:
                excused += 1
                continue
            yield Difference("executed twice", f"{rules.name if rules else '?'} key {operation}: {first.name} and then "
                             f"{second.name}", story=history.story(attempts))
    for number, executions in history.of_attempt.items():
        attempt = history.attempt.get(number)
        if attempt and len(executions) > 1 and not attempt.operation and not history.rules(attempt).idempotent_method:
            yield Difference("executed twice", f"request #{number} without a key, {len(executions)} executions",
                             count=len(executions) - 1, story=history.story([attempt]))
    notes["executed twice"] = f"{excused} more where Redis had forgotten the key of a route that is not durable"


def usage_differences(history, notes):
    found = cells(history)
    meters = history.ledgers.postgres.meters
    uncertain = sum(len(cell.uncertain) for cell in found.values() if cell.uncertain)
    sure = sum(cell.least for cell in found.values())
    notes["lost"] = f"of {sure} units in {len(found)} counters"
    notes["doubled"] = f"{uncertain} requests may or may not count"
    for name in sorted(set(found) | set(meters)):
        cell, quantity = found.get(name), meters.get(name, 0)
        if cell is None:
            yield Difference("doubled", f"{name[2]} of {name[1]} is {quantity}, and nobody asked for it", quantity)
        elif quantity < cell.least:
            missing = cell.least - quantity
            yield Difference(
                "lost", f"{cell.meter} of {cell.key} is {quantity}, at least {cell.least} was served", missing,
                history.story(suspects(history, cell, missing)[:10]))
        elif quantity > cell.most:
            surplus = quantity - cell.most
            yield Difference(
                "doubled", f"{cell.meter} of {cell.key} is {quantity}, at most {cell.most} was served", surplus,
                history.story(suspects(history, cell, surplus)[:10]))


def stuck(history, notes):
    ledgers = history.ledgers
    for operation in sorted(ledgers.unresolved):
        yield Difference("stuck", f"key {operation}: no final answer in all its time",
                         story=history.story(history.attempts_of[operation][-12:]))
    for claim in ledgers.redis.open_claims:
        operation = history.operation_by_digest.get(claim.digest, claim.digest)
        yield Difference("stuck", f"key {operation} is still claimed, for {claim.lease_left:.0f} s more",
                         story=history.story(history.attempts_of.get(operation, [])))
    for name, held in ledgers.redis.open_leases:
        yield Difference("stuck", f"{held} requests in flight in {name}", held)
    for what, count in ledgers.open_counts:
        if count:
            yield Difference("stuck", f"{what}: {count:g}", int(count))
    unknown = 0
    left = {history.operation_by_digest.get(claim.digest) for claim in ledgers.redis.expired_claims}
    for operation, attempts in history.attempts_of.items():
        is_unknown = any(attempt.problem == "idempotency-outcome-unknown" for attempt in attempts)
        if not is_unknown and operation not in left:
            continue
        unknown += 1
        # A claim may come back with an older copy long after its client was done.
        needed = float("inf") if operation in left else attempts[-1].ended
        if not may_be_unknown(history, attempts, needed):
            yield Difference("stuck", f"key {operation}: its outcome is called unknown, and no gateway died with it",
                             story=history.story(attempts))
    notes["stuck"] = f"{unknown} keys whose gateway died with them"


def may_be_unknown(history, attempts, needed):
    """Whether something happened to a key that nobody can know the end of."""
    if any(history.is_orphan(attempt) for attempt in attempts):
        return True
    if history.rules(attempts[0]).durable:
        return False
    return any(history.may_be_forgotten(attempt.ended, needed) for attempt in attempts)


def over_admitted(history, notes):
    admitted, times = defaultdict(set), {}
    for attempt in history.ledgers.attempts:
        if history.rules(attempt).capacity is None:
            continue
        name = (attempt.route, attempt.key)
        begin, end = times.get(name, (attempt.begun, attempt.ended))
        times[name] = (min(begin, attempt.begun), max(end, attempt.ended))
        if attempt.is_upstream_answer or history.of_attempt[attempt.number]:
            admitted[name].add(attempt.number)
    most_up = most_away = highest_bound = 0
    yield from overspent(history.ledgers.shares)
    for (route, key), numbers in sorted(admitted.items()):
        rules = history.ledgers.routes[route]
        begin, end = times[route, key]
        absences = [] if rules.denies else [
            fault for fault in history.faults_between(begin - RECONNECT_SECONDS, end)
            if fault.store_is_away or fault.kind in ALONE_KINDS]
        # A Redis that has forgotten starts with full buckets.
        refills = sum(1 for fault in history.faults_between(begin, end) if fault.kind in ("redis-empty", "redis-older"))
        excess = max(0, len(numbers) - rules.capacity * (1 + refills))
        bound = away_bound(history.ledgers.shares, rules, begin, end, refills) if absences else 0
        if absences:
            most_away, highest_bound = max(most_away, excess), max(highest_bound, bound)
        else:
            most_up = max(most_up, excess)
        if excess > bound:
            where = "away" if absences else "up"
            yield Difference(
                f"over-admitted, Redis {where}",
                f"{route} of {key}: {len(numbers)} admitted, capacity {rules.capacity}, {refills} times forgotten, "
                f"{bound} more allowed", excess - bound,
                history.story([history.attempt[number] for number in sorted(numbers)], most=40))
    notes["over-admitted, Redis up"] = f"{len(admitted)} buckets"
    most_spent = max((sample.spent for sample in history.ledgers.shares), default=0)
    notes["over-admitted, Redis away"] = (f"most {most_away}, bound {highest_bound:g}; a gateway by itself most "
                                          f"{most_spent:g}, of {len(history.ledgers.shares)} readings")


def away_bound(shares, rules, begin, end, refills):
    """What the gateways said at the time that they might admit by themselves: together never more than one more bucket. A
    Redis that has forgotten who held what may grant it once more."""
    most = {}
    for sample in shares:
        if sample.route == rules.name and begin - SHARE_SECONDS <= sample.at <= end + SHARE_SECONDS:
            most[sample.gateway] = max(most.get(sample.gateway, 0), sample.bound)
    return min(sum(most.values()), rules.capacity) * (1 + refills)


def overspent(shares):
    """A gateway that admitted more of a bucket by itself than it said it might."""
    for sample in shares:
        if sample.spent > sample.bound + 1e-6:
            yield Difference(
                "over-admitted, Redis away",
                f"{sample.gateway} spent {sample.spent:g} of one bucket of {sample.route} by {sample.at:.3f}, and may spend "
                f"{sample.bound:g}", 1)


def redis_ahead(ledgers):
    """After quiescence every counter that Redis holds has been recorded."""
    for name, (added, voided) in sorted(ledgers.redis.counters.items()):
        recorded = ledgers.postgres.counters.get(name, [0, 0])
        if added > recorded[0] or voided > recorded[1]:
            yield Difference("Redis ahead of PostgreSQL",
                             f"{' '.join(name)}: Redis {added} - {voided}, PostgreSQL {recorded[0]} - {recorded[1]}")


def wrong_answers(history):
    for attempt in history.ledgers.attempts:
        if attempt.ending != "complete" or not attempt.problem:
            continue
        if attempt.status in (401, 403):
            yield Difference("valid key refused", f"#{attempt.number}: {attempt.status} {attempt.problem}",
                             story=history.story([attempt]))
        elif attempt.problem == "internal-error":
            yield Difference("internal error", f"#{attempt.number}", story=history.story([attempt]))


def crashed(ledgers):
    for name, at, tail in ledgers.crashes:
        yield Difference("crashed", f"{name} ended by itself at {at:.3f}", story=tail.splitlines())
