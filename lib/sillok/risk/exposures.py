"""What is known of each issue, and from when on: the exposures of a fundamental factor model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sillok.errors import DataError
from sillok.risk.observed import read_numbers

__all__ = ["read_exposures", "require_independent"]

# Columns are dependent if one is within this of the others' span, each in its own unit.
_DEPENDENT = 1e-9


def require_independent(design: np.ndarray, names: pd.Index, what: str) -> None:
    """Raise DataError, naming columns, if one is a linear combination of others."""
    scaled = design / np.maximum(np.sqrt((design**2).sum(axis=0)), np.finfo(float).tiny)
    _, _, Vt = np.linalg.svd(scaled, full_matrices=False)
    left = np.linalg.norm(scaled @ Vt.T, axis=0)
    if len(design) < len(names) or left[-1] <= _DEPENDENT:
        mixed = list(names[np.abs(Vt[-1]) > 0.1])
        raise DataError(
            f"{what} are linear combinations of one another: {mixed}; drop one of them", symbols=mixed
        )


def read_exposures(exposures: pd.DataFrame, returns: pd.DataFrame) -> list[tuple[slice, np.ndarray]]:
    """Return which rows each set of exposures explains: those after its own instant, until the next one."""
    if not isinstance(exposures.index, pd.MultiIndex):
        return [(slice(0, len(returns)), _exposures_of(exposures, returns.columns))]
    instants = exposures.index.get_level_values(0).unique().sort_values()
    instants = instants[instants <= returns.index[-1]]
    first = int((instants < returns.index[0]).sum())
    if first == 0:
        raise DataError(
            f"no exposures were known before the first return, {returns.index[0]}; give older ones, or start later"
        )
    used = instants[first - 1 :]
    starts = [0, *returns.index.searchsorted(used[1:], side="right"), len(returns)]
    return [
        (slice(a, b), _exposures_of(exposures.loc[when], returns.columns))
        for when, a, b in zip(used, starts, starts[1:], strict=False)
    ]


def _exposures_of(exposures: pd.DataFrame, labels: pd.Index) -> np.ndarray:
    lacking = labels.difference(exposures.index)
    if len(lacking) or not exposures.index.is_unique:
        raise DataError(
            f"exposures lack {len(lacking)} issues, e.g. {list(lacking[:5])}, or name one twice; "
            "give one row an issue, or drop those",
            symbols=list(lacking),
        )
    found = read_numbers("exposures", exposures.loc[labels])
    holed = ~np.isfinite(found).all(axis=1)
    if holed.any():
        raise DataError(
            f"exposures of {int(holed.sum())} issues are missing, e.g. {list(labels[holed][:5])}; drop them",
            symbols=list(labels[holed]),
        )
    require_independent(found, exposures.columns, "exposures")
    return found
