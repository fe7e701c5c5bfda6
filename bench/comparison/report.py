"""The result for people (a table, Markdown) and for programs (JSON)."""

import dataclasses
import json
import os
import platform
from datetime import datetime, timezone
from pathlib import Path

from .load import Load
from .processes import first_line
from .redis import RedisServer


def machine():
    """What it ran on."""
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // (1024 * 1024)
    release = next((line.partition("=")[2].strip('"') for line in Path("/etc/os-release").read_text().splitlines()
                    if line.startswith("PRETTY_NAME=")), platform.system())
    return {"cpu": model, "cores": os.cpu_count(), "memory_gib": memory, "system": release,
            "kernel": platform.release(), "architecture": platform.machine()}


def versions(peers):
    return {**{peer.name: peer.version() for peer in peers},
            "redis": RedisServer.version(), "wrk": Load.version(), "python": platform.python_version(),
            "revision": first_line("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty")}


@dataclasses.dataclass(frozen=True)
class Result:
    """Everything that one run found."""

    plan: object
    started: datetime
    machine: dict
    versions: dict
    commands: dict
    configurations: dict
    figures: dict
    ratios: list
    samples: list
    script_calls: dict
    metered: dict

    @property
    def missed(self):
        return [ratio for ratio in self.ratios if not ratio.is_met]

    @property
    def foreign_share(self):
        return max((sample.foreign_share for sample in self.samples), default=0.0)


def spread(value, digits):
    return f"{value.median:.{digits}f} ({value.least:.{digits}f}–{value.most:.{digits}f})"


def thousands(value):
    return f"{value.median / 1000:.1f} k ({value.least / 1000:.1f}–{value.most / 1000:.1f})"


COLUMNS = (
    ("", lambda each: each.label),
    ("CPU µs/request", lambda each: spread(each.cpu_us, 1)),
    ("of it user", lambda each: f"{each.user_us.median:.1f}"),
    ("requests/s", lambda each: thousands(each.requests_per_second)),
    ("p50 ms", lambda each: f"{each.p50_ms.median:.1f}"),
    ("p99 ms", lambda each: spread(each.p99_ms, 1)),
    ("script calls/request", lambda each: f"{each.calls_per_request.median:.3f}"),
)


def table(figures):
    """Rows of aligned columns, valid as Markdown and readable as text."""
    rows = [[title for title, _ in COLUMNS]]
    rows += [[cell(each) for _, cell in COLUMNS] for each in figures.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def ratio_lines(result):
    return "\n".join(ratio.line for ratio in result.ratios)


def notes(result):
    """What a reader must know to believe the numbers."""
    plan = result.plan
    keys = "one API key" if plan.keys == 1 else f"{plan.keys} API keys in turn, each of an org of its own"
    placed = ("the gateway alone on the first core, load, Redis and upstream on the rest" if plan.pinned
              else "placed by the kernel")
    lines = [
        f"- {plan.rounds} rounds, in each {plan.slices} runs of {plan.seconds} s for each peer, in turn and turning order, after "
        f"{plan.warm_up_seconds} s of warm-up; {plan.connections} keep-alive connections, {keys}; {placed}.",
        "- Medians of the rounds, in parentheses the smallest and the largest; a ratio is the median of the ratios within each "
        "round. CPU is user + system of the gateway's processes from /proc/PID/stat, divided by the requests that were answered.",
        "- The load is a closed loop (wrk): p99 is at saturation and says little about latency at a given rate. Of a round it is "
        "the mean of its runs' p99, so a stall in one of them shows less. What is on its way when a run ends is served and not "
        "counted by the load: up to one request a connection, 0.5 % of a run of the slowest peers.",
    ]
    for name, call in result.script_calls.items():
        lines.append(f"- {name}: one request is one script call with {call.keys} keys and {call.argument_bytes} bytes of "
                     f"arguments, in which Redis runs {', '.join(call.commands)}.")
    for name, counted in result.metered.items():
        if counted is not None:
            lines.append(f"- {name}: the meters counted {counted} requests, which is what the load saw served.")
    share = result.foreign_share
    if share > 0.05:
        lines.append(f"- Not quiet: other processes used up to {share:.0%} of the machine during a run. Read ratios.")
    return "\n".join(lines)


def markdown(result):
    about = result.machine
    parts = [
        "# First figures",
        f"{result.started:%Y-%m-%d %H:%M} UTC · {about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB · "
        f"{about['system']}, Linux {about['kernel']} · revision {result.versions['revision']}\n\n"
        "Written by `make bench-first`. One gateway thread, an answer of 70 bytes, all on loopback.",
        table(result.figures),
        "```\n" + ratio_lines(result) + "\n```",
        "Ratios within each round: " + "; ".join(
            f"{ratio.bar.name}: {ratio.by_round.least:.2f}–{ratio.by_round.most:.2f}" for ratio in result.ratios) + "."
        if result.ratios else "",
        notes(result),
        "## Versions",
        "\n".join(f"- {name}: {version}" for name, version in result.versions.items()),
        "## Commands",
        "\n".join(f"- {name}: `{' '.join(map(str, words))}`" for name, words in result.commands.items()),
    ]
    for name, text in result.configurations.items():
        if text:
            parts += [f"### Configuration of {name}", f"```\n{text.strip()}\n```"]
    return "\n\n".join(part for part in parts if part) + "\n"


def as_json(result):
    def plain(value):
        if dataclasses.is_dataclass(value):
            return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        if isinstance(value, datetime):
            return value.isoformat()
        return str(value)
    ratio_values = [{"name": ratio.bar.name, "value": ratio.value, "bar": ratio.bar.text, "met": ratio.is_met,
                     "by_round": ratio.by_round} for ratio in result.ratios]
    document = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    return json.dumps({**document, "ratios": ratio_values}, default=plain, indent=2, ensure_ascii=False) + "\n"


def write(result, folder, name="first-figures"):
    folder.mkdir(parents=True, exist_ok=True)
    for suffix, text in (("md", markdown(result)), ("json", as_json(result))):
        (folder / f"{name}.{suffix}").write_text(text)


def now():
    return datetime.now(timezone.utc)
