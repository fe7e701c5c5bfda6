"""What a person reads at the end of a run."""

from collections import Counter

from .compare import Comparison

STORIES_MAX = 6


def table(comparison, facts):
    """The table as it is printed and goes into the docs."""
    lines = ["| ledger | found | |", "|---|---:|---|"]
    for row in Comparison.ROWS:
        lines.append(f"| {row} | {comparison.count(row)} | {comparison.notes.get(row, '')} |")
    return "\n".join([*facts, "", *lines])


def facts(ledgers, seed, seconds, version):
    """The lines above the table."""
    endings = Counter(
        "upstream's answer" if attempt.is_upstream_answer and not attempt.replayed else "replay"
        if attempt.is_upstream_answer else attempt.problem if attempt.ending == "complete" else attempt.ending
        for attempt in ledgers.attempts)
    kinds = Counter(fault.kind for fault in ledgers.faults)
    return [
        f"seed {seed}, {seconds:.0f} s of load, {len(ledgers.attempts)} requests "
        f"({len(ledgers.attempts) / seconds:.0f}/s), {len(ledgers.executions)} executions, {len(ledgers.faults)} faults; "
        f"{version}",
        "faults: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())),
        "answers: " + ", ".join(f"{count} {ending}" for ending, count in endings.most_common()),
    ]


def stories(comparison):
    """The differences, the first few of each row with what happened around them."""
    lines = []
    for row in Comparison.ROWS:
        found = [difference for difference in comparison.differences if difference.row == row]
        for difference in found[:STORIES_MAX]:
            lines += ["", f"{row}: {difference.subject}", *difference.story]
        if len(found) > STORIES_MAX:
            lines += ["", f"{row}: {len(found) - STORIES_MAX} more, all in differences.txt"]
    return "\n".join(lines)


def full(comparison):
    return "\n".join(
        "\n".join([f"{difference.row}: {difference.subject}", *difference.story, ""]) for difference in comparison.differences)
