"""From samples to figures: medians for each peer, ratios between peers, and the bars they are held against."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """The median of the rounds, with the smallest and the largest."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values):
        values = list(values)
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True)
class PeerFigures:
    peer: str
    label: str
    cpu_us: Spread
    user_us: Spread
    requests_per_second: Spread
    p50_ms: Spread
    p99_ms: Spread
    calls_per_request: Spread
    calls_per_read: Spread


@dataclass(frozen=True)
class Bar:
    """A ratio of two peers' medians, and what it is allowed to be. `limit` None only tells."""

    name: str
    numerator: str
    denominator: str
    field: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def text(self):
        if self.at_most is not None:
            return f"≤ {self.at_most:g}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "as measured"


@dataclass(frozen=True)
class Ratio:
    """A bar's value: the ratio of the medians, and the spread of the ratios within each round."""

    bar: Bar
    value: float
    by_round: Spread

    @property
    def is_met(self):
        bar = self.bar
        return ((bar.at_most is None or self.value <= bar.at_most)
                and (bar.at_least is None or self.value >= bar.at_least))

    @property
    def line(self):
        missed = "" if self.is_met else "  MISSED"
        return f"{self.bar.name}: {self.value:.2f} ({self.bar.text}){missed}"


FIELDS = {
    "cpu_us": lambda sample: sample.cpu_us,
    "user_us": lambda sample: sample.user_us,
    "requests_per_second": lambda sample: sample.outcome.requests_per_second,
    "p50_ms": lambda sample: sample.outcome.p50_ms,
    "p99_ms": lambda sample: sample.outcome.p99_ms,
    "calls_per_request": lambda sample: sample.calls_per_request,
    "calls_per_read": lambda sample: sample.calls_per_read,
}


def summarize(peers, samples):
    """Figures by peer name."""
    def of(peer, read):
        return Spread.of(read(sample) for sample in samples if sample.peer == peer.name)
    return {peer.name: PeerFigures(peer.name, peer.label, **{name: of(peer, read) for name, read in FIELDS.items()})
            for peer in peers}


def ratios(bars, figures, samples):
    """Every bar whose two peers were measured."""
    found = []
    for bar in bars:
        if bar.numerator not in figures or bar.denominator not in figures:
            continue
        read = FIELDS[bar.field]
        by_round = {(sample.peer, sample.round): read(sample) for sample in samples}
        rounds = sorted({sample.round for sample in samples})
        value = (getattr(figures[bar.numerator], bar.field).median
                 / getattr(figures[bar.denominator], bar.field).median)
        found.append(Ratio(bar, value, Spread.of(
            by_round[bar.numerator, each] / by_round[bar.denominator, each] for each in rounds)))
    return found
