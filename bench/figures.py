"""One line of the report: what was measured, what it should be, and how busy the machine was."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import quantiles
from typing import Any, Literal

WIDTH = 58


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A figure.

    Args:
        value: None where it could not be measured; ``note`` says why.
        sign, bound: the target, if there is one.
        plan: how PostgreSQL read its tables.
        load: of the machine during the last minute, by all its processes.
    """

    case: str
    value: float | None
    unit: str = ""
    sign: Literal["≤", "≥", "="] = "≤"
    bound: float | None = None
    note: str = ""
    plan: tuple[str, ...] = ()
    load: float = field(default_factory=lambda: round(os.getloadavg()[0], 1))

    @property
    def is_met(self) -> bool | None:
        """None where there is no target, or no figure."""
        if self.value is None or self.bound is None:
            return None
        match self.sign:
            case "≤":
                return self.value <= self.bound
            case "≥":
                return self.value >= self.bound
            case "=":
                return self.value == self.bound

    def plain(self) -> dict[str, Any]:
        """For the report."""
        return {**asdict(self), "is_met": self.is_met}


def table(title: str, lines: Iterable[Line]) -> str:
    """Figure, target, met or not."""
    head = f"\n{title:{WIDTH}}{'figure':>14}{'target':>12}  {'met':4}{'load':>5}"
    lines = list(lines)
    plans = [f"    {line.case.partition(':')[0]}: {'; '.join(line.plan)}" for line in lines if line.plan]
    return "\n".join([head, *map(_row, lines), *(["How PostgreSQL read it (rows):"] if plans else []), *plans])


def percentile(values: Sequence[float], share: int) -> float:
    """Of at least one value, the one that so many of a hundred do not exceed."""
    return quantiles(values, n=100, method="inclusive")[share - 1] if len(values) > 1 else values[0]


def _row(line: Line) -> str:
    figure = "not measured" if line.value is None else f"{_number(line.value)} {line.unit}".rstrip()
    target = "" if line.bound is None else f"{line.sign} {_number(line.bound)}"
    met = {True: "yes", False: "NO", None: ""}[line.is_met]
    note = f"  {line.note}" if line.note else ""
    return f"{line.case:{WIDTH}}{figure:>14}{target:>12}  {met:4}{line.load:>5}{note}"


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
