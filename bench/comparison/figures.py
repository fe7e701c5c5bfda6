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

    @classmethod
    def of_ratios(cls, numerators, denominators):
        """Of the ratios within each round: both were measured side by side, on a machine that was as fast for the one as for
        the other. The ratio of two medians may divide a slow minute by a quick one."""
        return cls.of(above / below for above, below in zip(numerators, denominators, strict=True))


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
    """A ratio of two peers, and what it is allowed to be. Without a limit it only tells."""

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
    """A bar's value: the ratios within each round, of which the median counts."""

    bar: Bar
    by_round: Spread

    @property
    def value(self):
        return self.by_round.median

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
        found.append(Ratio(bar, Spread.of_ratios(
            [by_round[bar.numerator, each] for each in rounds], [by_round[bar.denominator, each] for each in rounds])))
    return found
