"""Returns drawn for the tests of this room."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["draw"]


def draw(T: int = 60, N: int = 6, seed: int = 1) -> pd.DataFrame:
    """Return one common movement and each issue's own, of different sizes."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.01, (T, 1)) + rng.normal(0, 1, (T, N)) * rng.uniform(0.005, 0.03, N)
    days = pd.bdate_range("2024-01-02", periods=T)
    return pd.DataFrame(values, days, [f"{i:06d}" for i in range(N)])
