"""The plan of a load: what it will ask for, in how many calls and how many seconds. It is shown before it begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

from sillok.ingest.asks import Ask

__all__ = ["Plan", "Window", "make_plan"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked for of one dataset: ``asks`` in all, of which ``whole`` ask for all of a key's span.

    ``first`` and ``last`` (inclusive) are the days that any of them reaches; None where nothing is asked for.
    ``seconds`` is None where the vendor sets no rate.
    """

    dataset: str
    asks: int
    whole: int
    first: date | None
    last: date | None
    calls: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All windows of a load through the session ``through``, at ``rate`` calls a second (0: no limit)."""

    source: str
    through: date
    rate: float
    windows: tuple[Window, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        """How many calls are expected."""
        return sum(window.calls for window in self.windows)

    @property
    def seconds(self) -> float | None:
        """How long they take at the vendor's rate; None where it sets none."""
        return self.calls / self.rate if self.rate else None

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain values."""
        windows = [
            asdict(one) | {name: day.isoformat() for name in ("first", "last") if (day := getattr(one, name))}
            for one in self.windows
        ]
        return {
            "source": self.source,
            "through": self.through.isoformat(),
            "rate": self.rate,
            "calls": self.calls,
            "seconds": self.seconds,
            "windows": windows,
            "skipped": dict(self.skipped),
        }


def make_plan(
    source: str,
    through: date,
    asks: Mapping[str, Sequence[Ask]],
    *,
    rate: float,
    skipped: Mapping[str, str],
) -> Plan:
    """Sum up the asks of each dataset."""
    windows = []
    for name, some in asks.items():
        calls = sum(ask.calls for ask in some)
        windows.append(
            Window(
                name,
                asks=len(some),
                whole=sum(not ask.overlaps for ask in some),
                first=min((ask.start for ask in some), default=None),
                last=max((ask.end - _DAY for ask in some), default=None),
                calls=calls,
                seconds=calls / rate if rate else None,
            )
        )
    return Plan(source, through, rate, tuple(windows), dict(skipped))
