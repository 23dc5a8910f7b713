"""The market that the portfolio benchmark is measured on: a seeded factor model, of any size.

    Sigma = B F B' + D        mu = 3 % + 5 % beta + a premium for each style + noise

The first factor is the market: exposures around one (standard deviation 0.25), 17 % a year. The others are styles:
standard normal exposures, 2 to 6 % a year. Specific volatility lies evenly in 18 to 50 % a year. Daily returns have
Student's t (5 degrees of freedom, scaled to the same variance) in factors and specific parts alike, so that tails
are as fat as a market's. The seed is made of the size, so each size is one market, the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["DAYS", "Market", "make_market"]

DAYS = 252


@dataclass(frozen=True)
class Market:
    """One market, a year, on labels; every method gives frames of its own, so that nothing is found in a cache."""

    B: np.ndarray  # (N, K)
    F: np.ndarray  # (K, K)
    d: np.ndarray  # (N,)
    mu: np.ndarray  # (N,)
    seed: int

    @property
    def labels(self) -> pd.Index:
        return pd.Index([f"A{k:06d}" for k in range(len(self.d))], name="symbol")

    @property
    def factors(self) -> pd.Index:
        return pd.Index([f"F{k:02d}" for k in range(len(self.F))], name="factor")

    def dense(self) -> np.ndarray:
        Sigma = self.B @ self.F @ self.B.T
        Sigma[np.diag_indices_from(Sigma)] += self.d
        return (Sigma + Sigma.T) / 2

    def returns(self, days: int) -> np.ndarray:
        """Return (days, N) simple returns a day."""
        random = np.random.default_rng([self.seed, days])
        shape = np.sqrt(3 / 5)  # Student's t with 5 degrees of freedom has variance 5/3
        f = random.standard_t(5, (days, len(self.F))) * shape * np.sqrt(np.diag(self.F) / DAYS)
        e = random.standard_t(5, (days, len(self.d))) * shape * np.sqrt(self.d / DAYS)
        return np.asarray(self.mu / DAYS + f @ self.B.T + e)


def make_market(assets: int, factors: int | None = None) -> Market:
    """Make the market of so many assets; 20 factors, fewer where there are fewer than 80 assets."""
    K = min(20, max(assets // 4, 1)) if factors is None else factors
    random = np.random.default_rng([20260630, assets, K])
    B = random.standard_normal((assets, K))
    B[:, 0] = 1 + 0.25 * B[:, 0]
    vol = random.uniform(0.02, 0.06, K)
    vol[0] = 0.17
    premium = random.normal(0, 0.01, K)
    premium[0] = 0.05
    d = random.uniform(0.18, 0.50, assets) ** 2
    mu = 0.03 + B @ premium + random.normal(0, 0.02, assets)
    return Market(B=B, F=np.diag(vol**2), d=d, mu=mu, seed=assets)
