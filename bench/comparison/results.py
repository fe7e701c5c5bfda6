"""What one run of `make bench` found, as Markdown and JSON."""

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from . import report

ROOT = f"{Path(__file__).resolve().parents[2]}/"

TITLES = {
    "gates": "A gated request beside the peers, one key",
    "many-keys": "64 keys, each of another org",
    "script": "What a decision costs Redis",
    "hot-key": "One hot key",
    "latency": "Latency at half load",
    "memory": "Memory",
    "replay": "Replays",
    "threads": "Two threads",
    "gateways": "Two gateways on one Redis",
    "cluster": "Three Redis Cluster nodes",
}


@dataclass(frozen=True)
class Whole:
    run: object
    quick: bool
    started: datetime
    seconds: float
    #: Figures by part.
    parts: dict
    machine: dict

    @property
    def figures(self):
        return [figure for figures in self.parts.values() for figure in figures]

    @property
    def missed(self):
        return [figure for figure in self.figures if not figure.is_met]

    def value(self, name):
        """The value of the figure whose name begins so, or None."""
        return next((figure.value for figure in self.figures if figure.name.startswith(name)), None)


def head(whole):
    about = whole.machine
    revision = next((result.versions["revision"] for result in whole.run.results.values()), "?")
    return (f"{whole.started:%Y-%m-%d %H:%M} UTC · {about['cpu']}, {about['cores']} cores, {about['memory_gib']} GiB · "
            f"{about['system']}, Linux {about['kernel']} · revision {revision} · "
            f"{whole.run.rounds} rounds, {whole.seconds / 60:.1f} minutes")


def cells(figure):
    state = "" if not figure.is_judged and figure.holds else "met" if figure.is_met else "**MISSED**"
    return [figure.name, figure.text, figure.spread, figure.bar, state]


def table(figures):
    rows = [["figure", "median", "rounds", "bar", ""], *map(cells, figures)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|---|---|---|---|")
    return "\n".join(lines)


def told(words):
    """A command, its own files by their place in the repository: where that lies is nobody's business."""
    return " ".join(map(str, words)).replace(ROOT, "")


def markdown(whole):
    judged = [figure for figure in whole.figures if figure.is_judged or not figure.holds]
    parts = [
        "# Results of the bench", head(whole),
        f"Written by `make bench{'-quick' if whole.quick else ''}`. All on one machine and in one run, everything on loopback; "
        "read ratios, not microseconds. Medians of alternating rounds, with the smallest and the largest; a ratio is the "
        "median of the ratios within each round. `bench/README.md` says what every peer does.",
        table(judged),
    ]
    for name, figures in whole.parts.items():
        parts += [f"## {TITLES[name]}", table(figures)]
        parts += [figure.note for figure in figures if figure.note]
        result = {"gates": whole.run.results.get("one key"), "many-keys": whole.run.results.get("many keys")}.get(name)
        if result:
            parts += [report.table(result.figures), report.notes(result)]
    first = next(iter(whole.run.results.values()), None)
    if first:
        parts += ["## Versions", "\n".join(f"- {name}: {version}" for name, version in first.versions.items())]
        parts += ["## Commands", "\n".join(f"- {name}: `{told(words)}`" for name, words in first.commands.items())]
    return "\n\n".join(parts) + "\n"


def as_json(whole):
    def plain(value):
        if dataclasses.is_dataclass(value):
            return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return value.isoformat() if isinstance(value, datetime) else str(value)
    figures = {name: [{**dataclasses.asdict(figure), "bar": figure.bar, "met": figure.is_met} for figure in figures]
               for name, figures in whole.parts.items()}
    document = {"started": whole.started, "quick": whole.quick, "seconds": whole.seconds, "rounds": whole.run.rounds,
                "machine": whole.machine, "figures": figures,
                "comparisons": {name: json.loads(report.as_json(result)) for name, result in whole.run.results.items()}}
    return json.dumps(document, default=plain, indent=2, ensure_ascii=False) + "\n"
