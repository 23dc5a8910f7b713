"""What a check gives back: how grave, how often, of which kinds, why, and a few examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["EXAMPLES", "SEVERITIES", "CheckResult", "Found", "as_day", "worst"]

SEVERITIES = ("ok", "info", "warn", "error")
EXAMPLES = 5
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check: ``severity`` is ok, info, warn or error, and ``reason`` says why.

    Attributes
    ----------
    count
        Findings of the kind that the check looks for.
    kinds
        Findings by kind; those that are explained, and so no fault, stand here and not in ``count``.
    examples
        A few findings, newest first.
    previous
        The severity after the last load; None where the check did not run then.
    """

    name: str
    severity: str
    count: int
    summary: str
    examples: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    kinds: dict[str, int] = field(default_factory=dict)
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in some of the bars; two of them add up to what was found in both.

    ``sums`` are arrays by session. ``examples`` are pairs of a day (days since 1970) and what is shown; the newest ``keep`` stay.
    """

    kinds: Mapping[str, int] = field(default_factory=dict)
    examples: tuple[tuple[int, dict[str, Any]], ...] = ()
    keep: int = EXAMPLES
    sums: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def __add__(self, other: Found) -> Found:
        kinds = Counter(self.kinds)
        kinds.update(other.kinds)
        keep = max(self.keep, other.keep)
        both = sorted(
            [*self.examples, *other.examples], key=lambda one: -one[0]
        )  # stable: by symbol within a day
        sums = dict(self.sums)
        for name, values in other.sums.items():
            sums[name] = sums[name] + values if name in sums else values
        return Found(dict(kinds), tuple(both[:keep]), keep, sums)

    def of(self, *kinds: str) -> int:
        """Return how often the ``kinds`` were found together."""
        return sum(self.kinds.get(kind, 0) for kind in kinds)

    def shown(self) -> list[dict[str, Any]]:
        """Return the examples without their days."""
        return [one for _, one in self.examples]


def as_day(number: int) -> date:
    """Return the date that lies ``number`` days after 1970-01-01."""
    return _EPOCH + timedelta(days=int(number))


def worst(*severities: str) -> str:
    """Return the gravest of the severities; none at all is ok."""
    return max(severities, key=SEVERITIES.index, default="ok")
