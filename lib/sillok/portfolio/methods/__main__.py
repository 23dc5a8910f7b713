"""Compile the exact methods for this machine: ``python -m sillok.portfolio.methods``.

They compile by themselves when first used, which takes some twenty seconds each; an installation does it ahead. The
result is kept beside the source, or in the user's cache where that cannot be written.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pandas as pd

from sillok.portfolio import (
    Data,
    Limits,
    efficient_frontier,
    maximum_sharpe,
    mean_variance,
    minimum_variance,
    risk_parity,
)
from sillok.risk import FactorCovariance

__all__ = ["main"]


def main() -> None:
    """Solve one small problem by each compiled method, or by those whose names are given."""
    labels = pd.Index(["a", "b", "c", "d"])
    B = pd.DataFrame([[0.2, 0.0], [0.1, 0.1], [0.2, -0.1], [0.1, 0.2]], labels, ["x", "y"])
    factors = FactorCovariance(
        B, pd.DataFrame(np.eye(2), B.columns, B.columns), pd.Series(0.04, labels), "given", 2, 1
    )
    mu = pd.Series([0.03, 0.05, 0.04, 0.06], labels)
    dense = Data(factors.matrix, mu=mu)
    structured = Data(factors, mu=mu)
    limits = Limits(max_weight=0.5)
    methods: dict[str, Callable[[], object]] = {
        "active-set": lambda: [
            minimum_variance(structured, limits),
            mean_variance(structured, limits, risk_aversion=3.0),
            maximum_sharpe(structured),
        ],
        "critical-line": lambda: [efficient_frontier(dense, limits), efficient_frontier(structured, limits)],
        "coordinate-descent": lambda: [risk_parity(dense), risk_parity(structured)],
    }
    for name in sys.argv[1:] or methods:
        methods[name]()
        print(f"compiled {name}", flush=True)


if __name__ == "__main__":
    main()
