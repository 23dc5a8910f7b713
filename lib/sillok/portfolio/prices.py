"""Shadow prices by the limits' names, written out only when somebody looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

__all__ = ["Prices"]

# A multiplier this small against the largest is a solver's rounding, not a price.
_NOTHING = 1e-7


class Prices(Mapping[str, float]):
    """What each limit is worth to the objective, out of the multipliers of its rows and bounds.

    Names take longer to write than a small portfolio takes to solve, hence they wait until they are read.

    Parameters
    ----------
    rows
        (M,) by ``names``: positive where the high end holds, negative where the low end does.
    bounds
        (N,) by ``labels``: positive where the greatest weight holds, negative where the least does.
    budget
        The price of the budget, signed: the first of ``names`` is not read from ``rows``.
    others
        Prices of the limits that are no rows, zero or more.
    nothing
        A price this small is none, in the objective's unit.
    """

    __slots__ = ("_bounds", "_budget", "_found", "_labels", "_names", "_nothing", "_others", "_rows")

    def __init__(
        self,
        names: tuple[str, ...],
        rows: np.ndarray,
        labels: pd.Index,
        bounds: np.ndarray,
        *,
        budget: float,
        others: Mapping[str, float] | None = None,
        nothing: float = 0.0,
    ) -> None:
        self._names, self._rows, self._labels, self._bounds = names, rows, labels, bounds
        self._budget, self._others = budget, dict(others or {})
        self._nothing = nothing
        self._found: dict[str, float] | None = None

    def _table(self) -> dict[str, float]:
        if self._found is None:
            largest = max(
                float(np.abs(self._rows[1:]).max(initial=0.0)),
                float(np.abs(self._bounds).max(initial=0.0)),
                max(self._others.values(), default=0.0),
                abs(self._budget),
            )
            floor = max(_NOTHING * largest, self._nothing)
            found = {"budget": self._budget}
            for name, price in zip(self._names[1:], self._rows[1:], strict=True):
                if abs(price) > floor:
                    found[name] = abs(float(price))
            found |= {name: price for name, price in self._others.items() if price > floor}
            for i in np.flatnonzero(np.abs(self._bounds) > floor):
                price = float(self._bounds[i])
                found[f"{'max' if price > 0 else 'min'}_weight {self._labels[i]}"] = abs(price)
            self._found = found
        return self._found

    def __getitem__(self, name: str) -> float:
        return self._table()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table())

    def __len__(self) -> int:
        return len(self._table())

    def __repr__(self) -> str:
        return repr(self._table())
