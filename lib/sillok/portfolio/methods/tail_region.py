"""Where a scenario portfolio may lie: rows and bounds, and limits on sums of absolute values made rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

__all__ = ["Region", "Sides", "ends", "held", "inside", "lift", "violation"]

# A free variable's reduced cost is zero in exact arithmetic; above this it is no rounding, and nothing is bounded.
_ROUNDING = 1e-9


class Region(NamedTuple):
    """``low <= A x <= high`` and ``lb <= x <= ub``; ``lb < ub``, ends may be infinite."""

    A: np.ndarray  # (M, n)
    low: np.ndarray
    high: np.ndarray
    lb: np.ndarray
    ub: np.ndarray


@dataclass(slots=True)
class Sides:
    """The inequalities of a region as ``G x >= h``, and which rows are equalities."""

    lower: np.ndarray  # indices of x
    upper: np.ndarray
    G: np.ndarray  # rows alone, low ends first
    h: np.ndarray  # bounds first
    equal: np.ndarray  # (M,) bool
    low_rows: np.ndarray  # indices of rows
    high_rows: np.ndarray

    @classmethod
    def of(cls, region: Region) -> Sides:
        """Read them out of ``region``."""
        equal = region.low == region.high
        low_rows = np.flatnonzero(np.isfinite(region.low) & ~equal)
        high_rows = np.flatnonzero(np.isfinite(region.high) & ~equal)
        lower, upper = np.flatnonzero(np.isfinite(region.lb)), np.flatnonzero(np.isfinite(region.ub))
        G = np.concatenate([region.A[low_rows], -region.A[high_rows]])
        h = np.concatenate(
            [region.lb[lower], -region.ub[upper], region.low[low_rows], -region.high[high_rows]]
        )
        return cls(lower, upper, G, h, equal, low_rows, high_rows)

    def times(self, x: np.ndarray) -> np.ndarray:
        """Return ``G x``."""
        return np.concatenate([x[self.lower], -x[self.upper], self.G @ x])

    def back(self, z: np.ndarray, n: int) -> np.ndarray:
        """Return ``G'z``, for ``n`` variables."""
        below, above, rows = self.split(z)
        found = rows @ self.G if len(rows) else np.zeros(n)
        found[self.lower] += below
        found[self.upper] -= above
        return found

    def split(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what of ``z`` belongs to least values, greatest values, and rows."""
        a, b = len(self.lower), len(self.lower) + len(self.upper)
        return z[:a], z[a:b], z[b:]

    def prices(self, region: Region, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the multipliers of all rows (M,) and of the bounds (n,), positive where a low end holds."""
        below, above, rows = self.split(z)
        found, held = np.zeros(len(region.low)), np.zeros(len(region.lb))
        held[self.lower] += below
        held[self.upper] -= above
        found[self.equal] = y
        found[self.low_rows] += rows[: len(self.low_rows)]
        found[self.high_rows] -= rows[len(self.low_rows) :]
        return found, held

    def add_curvature(self, H: np.ndarray, weights: np.ndarray) -> None:
        """Add ``G' diag(weights) G`` to ``H``, and so small a ridge that it bends a step but not an answer."""
        below, above, rows = self.split(weights)
        if len(rows):
            H += (self.G.T * rows) @ self.G
        diagonal = np.zeros(len(H))
        diagonal[self.lower] += below
        diagonal[self.upper] += above
        # Scenarios fewer than free weights leave H singular.
        diagonal += 1e-14 * (np.trace(H) + diagonal.sum()) / len(H)
        H[np.arange(len(H)), np.arange(len(H))] += diagonal


def inside(region: Region, x: np.ndarray) -> np.ndarray:
    """Return the point near ``x`` that has room to every bound."""
    room = np.minimum(0.05 * (region.ub - region.lb), np.maximum(0.5 * np.abs(x), 1e-3))
    return np.clip(x, region.lb + room, region.ub - room)


def lift(
    region: Region, *, gross: float | None, short: float | None, turnover: float | None, previous: np.ndarray
) -> tuple[Region, list[str]]:
    """Return the region with the limits as rows, and their names, whose rows are the last ones.

    The short position of an issue is some ``v >= -w, v >= 0``, its purchase some ``b >= w - previous, b >= 0``:

        sum |w| = sum w + 2 sum v <= gross,  sum v <= short,  sum |w - previous| = sum (2 b - w + previous) <= turnover
    """
    N = len(region.lb)
    blocks: list[tuple[np.ndarray, np.ndarray]] = []  # sign of w, least values of sign * w + v
    if gross is not None or short is not None:
        blocks.append((np.ones(N), np.zeros(N)))
    if turnover is not None:
        blocks.append((-np.ones(N), -previous))
    n = N * (1 + len(blocks))
    M = len(region.low)
    A = np.zeros((M + N * len(blocks), n))
    A[:M, :N] = region.A
    low, high = [region.low], [region.high]
    for j, (sign, least) in enumerate(blocks):
        rows = slice(M + N * j, M + N * (j + 1))
        A[rows, :N] = np.diag(sign)
        A[rows, N * (j + 1) : N * (j + 2)] = np.eye(N)
        low.append(least)
        high.append(np.full(N, np.inf))
    ends, names = [], []
    for name, value, on_w, on_first, on_last, moved in (
        ("gross", gross, 1.0, 2.0, 0.0, 0.0),
        ("short", short, 0.0, 1.0, 0.0, 0.0),
        ("turnover", turnover, -1.0, 0.0, 2.0, float(previous.sum())),
    ):
        if value is None:
            continue
        row = np.zeros(n)
        row[:N] = on_w
        row[N : 2 * N] += on_first
        row[-N:] += on_last
        ends.append((row, value - moved))
        names.append(name)
    A = np.concatenate([A, np.array([row for row, _ in ends])])
    low.append(np.full(len(ends), -np.inf))
    high.append(np.array([end for _, end in ends]))
    lb = np.concatenate([region.lb, np.zeros(n - N)])
    ub = np.concatenate([region.ub, np.full(n - N, np.inf)])
    return Region(A, np.concatenate(low), np.concatenate(high), lb, ub), names


def ends(price: np.ndarray, low: np.ndarray, high: np.ndarray, at: np.ndarray) -> float:
    """Return the least of ``price * t`` for ``low <= t <= high``, summed: minus infinity where an end is missing.

    A price that is a rounding of zero is counted where the variable is, ``at``.
    """
    end = np.where(price > 0, low, high)
    held = np.isfinite(end)
    loose = ~held & (price != 0)
    if (np.abs(price[loose]) > _ROUNDING).any():
        return -np.inf
    return float(price[held] @ end[held] + price[loose] @ at[loose])


def violation(region: Region, x: np.ndarray) -> float:
    """Return by how much ``x`` misses a limit at most."""
    Ax = region.A @ x
    return max(
        float(np.max(side, initial=0.0))
        for side in (region.low - Ax, Ax - region.high, region.lb - x, x - region.ub)
    )


def held(
    region: Region, x: np.ndarray, y: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return ``x`` on the bounds that hold it, which variables are free (n,), and which rows hold (M,).

    Of the distance to an end and its price, both small numbers times the other, the lesser one is the rounding.
    """
    low, high = x - region.lb < z, region.ub - x < -z
    x = np.where(low, region.lb, np.where(high, region.ub, x))
    Ax = region.A @ x
    rows = (region.low == region.high) | (Ax - region.low < y) | (region.high - Ax < -y)
    return x, ~(low | high), rows
