"""What every estimator asks of the returns that it is given, and the frame that it hands back."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError

__all__ = ["Observed", "annual_frame", "read_numbers", "read_returns", "same_labels"]

# A standard deviation this small against the mean is the rounding of a return that never changed.
_STILL = 1e-12


@dataclass(frozen=True, slots=True)
class Observed:
    """Returns as an estimator works on them; nothing in it comes from after its last row."""

    X: np.ndarray  # (T, N) returns less their means
    mean: np.ndarray  # (N,) a period
    labels: pd.Index  # (N,)
    through: Hashable  # label of the last row

    @property
    def variance(self) -> np.ndarray:
        """Mean squares of X, divided by T: (N,)."""
        return np.einsum("ij,ij->j", self.X, self.X) / len(self.X)


def read_numbers(what: str, frame: pd.DataFrame | pd.Series) -> np.ndarray:
    """Return the numbers of a frame; words among them raise DataError."""
    try:
        return frame.to_numpy(dtype=float)
    except (TypeError, ValueError) as err:
        raise DataError(f"{what} hold something that is not a number: {err}") from err


def same_labels(one: pd.Index, other: pd.Index) -> bool:
    """Return whether two axes have the same labels in the same order.

    As ``Index.equals`` says; but where both are one object, or plain arrays of one type, it is said sooner.
    """
    if one is other or one.is_(other):
        return True
    if type(one) is type(other) is pd.Index and one.dtype == other.dtype and one.array.equals(other.array):
        return True
    return one.equals(other)


def _values(returns: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers and their means, which are finite only if every number is."""
    found = read_numbers("returns", returns)
    columns = returns.columns
    if not columns.is_unique:
        twice = list(columns[columns.duplicated()][:5])
        raise DataError(f"returns name these issues twice: {twice}; keep one each", symbols=twice)
    with np.errstate(invalid="ignore", over="ignore"):
        mean = np.ones(len(found)) @ found / len(found)
    if not np.isfinite(mean).all():
        holed = list(columns[~np.isfinite(mean)])
        raise DataError(
            f"returns of {len(holed)} issues have missing values, e.g. {holed[:5]}; drop them or shorten the span",
            symbols=holed,
        )
    return found, mean


def read_returns(returns: pd.DataFrame, *, least: int = 2, periods_per_year: int = 1) -> Observed:
    """Check and centre simple returns.

    Raises
    ------
    DataError
        If there are fewer than ``least`` rows or no issue, an issue occurs twice, a return is missing or infinite,
        an issue never moved (halted all along), or the rows are not in ascending order; issues are named.
    ConfigError
        If ``periods_per_year`` is not positive.
    """
    if not periods_per_year > 0:
        raise ConfigError(
            f"periods_per_year must be positive, got {periods_per_year}; 252 for trading days, 12 for months"
        )
    T, N = returns.shape
    if least > T or N == 0:
        raise DataError(
            f"this needs at least {least} rows and 1 issue, got {T} rows and {N} issues; lengthen the span",
            shape=(T, N),
        )
    rows = returns.index
    if not (rows.is_monotonic_increasing and rows.is_unique):
        raise DataError("the rows of returns are not in ascending order, each once; sort them by time")
    found, mean = _values(returns)
    X = found - mean
    # Whoever moved on the first day has moved; of the others all days are looked at.
    never = np.flatnonzero(np.abs(X[0]) <= _STILL * np.sqrt(T) * np.abs(mean))
    never = never[np.sqrt(np.mean(X[:, never] ** 2, axis=0)) <= _STILL * np.abs(mean[never])]
    if len(never):
        names = list(returns.columns[never])
        raise DataError(
            f"{len(names)} issues never moved in these {T} rows, e.g. {names[:5]}: halted, so their risk was not "
            "measured; drop them",
            symbols=names,
        )
    return Observed(X, mean, returns.columns, rows[-1])


def annual_frame(S: np.ndarray, labels: pd.Index) -> pd.DataFrame:
    """Put labels on both sides of a matrix that nobody else holds; it is not copied."""
    return pd.DataFrame(S, index=labels, columns=labels, copy=False)
