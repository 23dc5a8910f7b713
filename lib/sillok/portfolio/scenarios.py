"""Scenarios: what each issue returns in each state that is thought possible, and how probable the state is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sillok.errors import DataError
from sillok.portfolio.data import check_finite, check_labels

__all__ = ["Scenarios"]

# Probabilities of 10,000 states out of a file of 12 digits add up to one within this.
_ONE = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """The facts of a scenario portfolio; a period is whatever one row of ``returns`` is.

    Raises
    ------
    DataError
        If there is no issue or no scenario, a label occurs twice, labels differ, a value is missing, or the
        probabilities are negative or do not add up to one; the error's ``symbols`` name the issues.
    """

    returns: pd.DataFrame  # (T, N) simple returns a period; for drawdowns in the order of time, oldest first
    probabilities: pd.Series | None = None  # (T,) on the index of returns; None: all alike
    industry: pd.Series | None = None  # (N,) name
    exposures: pd.DataFrame | None = None  # (N, J), e.g. beta, size
    previous: pd.Series | None = None  # (N,) weights held now; None: all is cash

    def __post_init__(self) -> None:
        labels = self.returns.columns
        if len(labels) == 0:
            raise DataError("the scenarios have no issue; widen the universe")
        if len(self.returns) == 0:
            raise DataError("there is no scenario; load a longer history or draw more")
        if not labels.is_unique:
            twice = list(labels[labels.duplicated()].unique())
            raise DataError(f"returns name these issues twice: {twice[:5]}; keep one each", symbols=twice)
        values = self.returns.to_numpy(dtype=float)
        if not np.isfinite(values.sum()):
            check_finite("returns", values.T, labels)
        for name in ("industry", "exposures", "previous"):
            found = getattr(self, name)
            if found is not None:
                check_labels(name, found.index, labels)
                if name != "industry":
                    check_finite(name, found.to_numpy(dtype=float), labels)
        if self.industry is not None and self.industry.isna().any():
            lone = list(labels[self.industry.isna().to_numpy()])
            raise DataError(f"{len(lone)} issues have no industry, e.g. {lone[:5]}; name one", symbols=lone)
        if self.probabilities is not None:
            self._check_probabilities(self.probabilities)

    def _check_probabilities(self, given: pd.Series) -> None:
        if not given.index.equals(self.returns.index):
            raise DataError("probabilities are not on the index of returns; reindex them")
        p = given.to_numpy(dtype=float)
        wrong = ~(np.isfinite(p) & (p >= 0))
        if wrong.any():
            first = given.index[wrong][0]
            raise DataError(
                f"{int(wrong.sum())} probabilities are negative or missing, e.g. {first}: {given[first]}; mend them"
            )
        if not abs(float(p.sum()) - 1) <= _ONE:
            raise DataError(f"the probabilities add up to {p.sum():.9g}, not to 1; divide by their sum")

    @property
    def labels(self) -> pd.Index:
        """The issues."""
        return self.returns.columns

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the returns (T, N) and the probabilities (T,) as they are."""
        R = self.returns.to_numpy(dtype=float)
        if self.probabilities is None:
            return R, np.full(len(R), 1.0 / len(R))
        return R, self.probabilities.to_numpy(dtype=float)
