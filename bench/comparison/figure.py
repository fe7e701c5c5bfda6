"""One figure of the bench: a value, its bar, its spread, and the line that people read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    #: Smallest and largest of the rounds.
    least: float | None = None
    most: float | None = None
    #: What a reader must know.
    note: str = ""
    digits: int = 2
    #: Something besides the value that must hold.
    holds: bool = True

    @classmethod
    def of_ratio(cls, name, ratio, note=""):
        """A Ratio of two peers as a figure."""
        return cls.of_spread(name, ratio.by_round, at_most=ratio.bar.at_most, at_least=ratio.bar.at_least, note=note)

    @classmethod
    def of_spread(cls, name, spread, **more):
        """The median of a Spread, with its ends beside it."""
        return cls(name, spread.median, least=spread.least, most=spread.most, **more)

    @property
    def bar(self):
        unit = f" {self.unit}" if self.unit else ""
        if self.at_most is not None and self.at_most == self.at_least:
            return f"= {self.at_most:g}{unit}"
        if self.at_most is not None:
            return f"≤ {self.at_most:g}{unit}"
        if self.at_least is not None:
            return f"≥ {self.at_least:g}{unit}"
        return "as measured"

    @property
    def is_judged(self):
        return self.at_most is not None or self.at_least is not None

    @property
    def is_met(self):
        return (self.holds and (self.at_most is None or self.value <= self.at_most)
                and (self.at_least is None or self.value >= self.at_least))

    @property
    def text(self):
        return f"{self.value:.{self.digits}f}" + (f" {self.unit}" if self.unit else "")

    @property
    def spread(self):
        if self.least is None:
            return ""
        return f"{self.least:.{self.digits}f}–{self.most:.{self.digits}f}"

    @property
    def line(self):
        return f"{self.name}: {self.text} ({self.bar})" + ("" if self.is_met else "  MISSED")
