"""What the meters must say: for every request the least and the most that it may have counted, summed for each key and
meter and held against PostgreSQL."""

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Cell:
    """One meter of one key."""

    org: str
    key: str
    meter: str
    least: int = 0
    most: int = 0
    attempts: list = field(default_factory=list)
    #: Those that may or may not count.
    uncertain: list = field(default_factory=list)
    amounts: dict = field(default_factory=dict)


def amounts(rules, status, units, tokens):
    """What one answer of the upstream counts, by meter."""
    counted = {}
    if rules.fixed:
        counted[rules.fixed] = 1
    if rules.units:
        counted[rules.units] = units if 200 <= status < 300 else 0
    if rules.tokens:
        counted[rules.tokens] = tokens
    return counted


def expected(history, attempt):
    """(least, most) by meter for one request. See docs/faults.md for the rules."""
    rules = history.rules(attempt)
    nothing = amounts(rules, 0, 0, 0) if not rules.fixed else {name: 0 for name in amounts(rules, 0, 0, 0)}
    if attempt.is_upstream_answer and not attempt.replayed:
        exact = amounts(rules, attempt.status, attempt.units, attempt.tokens)
        return exact, exact
    executions = history.of_attempt[attempt.number]
    served = next((each for each in executions if each.name in history.seen), None)
    if served:
        # Somebody has its answer, by a replay.
        exact = amounts(rules, served.status, served.units, served.tokens)
        return exact, exact
    if attempt.ending in ("complete", "refused"):
        return nothing, nothing
    return _interrupted(history, attempt, rules, executions, nothing)


def _interrupted(history, attempt, rules, executions, nothing):
    """The client does not know the end of it."""
    is_orphan = history.is_orphan(attempt)
    if executions:
        last = executions[-1]
        most = amounts(rules, last.status, last.units, last.tokens)
    elif is_orphan or attempt.mode == "busy":
        # Admitted and perhaps never forwarded, or answered 503 by the upstream without an execution.
        most = {**nothing, rules.fixed: 1}
    else:
        most = nothing
    least = nothing
    if attempt.ending == "aborted" and not is_orphan:
        if not rules.keyed:
            # Metered for what was delivered.
            least = {**amounts(rules, 200, 0, attempt.tokens)}
        elif executions and not history.faults_between(
                attempt.begun, history.exposed_until(attempt), ("upstream-kill",)):
            # Drained and metered whole.
            least = most
    return least, most


def cells(history):
    found = {}
    for attempt in history.ledgers.attempts:
        least, most = expected(history, attempt)
        for meter in most:
            name = (attempt.org, attempt.key, meter)
            cell = found.get(name) or found.setdefault(name, Cell(*name))
            cell.least += least[meter]
            cell.most += most[meter]
            cell.attempts.append(attempt)
            if least[meter] != most[meter]:
                cell.uncertain.append(attempt)
            cell.amounts[attempt.number] = most[meter]
    return found


def suspects(history, cell, missing):
    """The requests whose story may explain a cell: those whose amount is exactly what is missing, then those that did not
    end cleanly, then those with a fault near them."""
    def rank(attempt):
        clean = attempt.is_upstream_answer
        near = bool(history.faults_between(attempt.begun - 0.5, attempt.ended + 0.5))
        exact = missing > 1 and cell.amounts[attempt.number] == missing
        return (not exact, clean, not near, attempt.begun)
    return sorted(cell.attempts, key=rank)


def totals_by_meter(cells_found):
    sums = defaultdict(lambda: [0, 0])
    for cell in cells_found.values():
        sums[cell.meter][0] += cell.least
        sums[cell.meter][1] += cell.most
    return dict(sums)
