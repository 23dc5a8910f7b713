"""Limits on sums of absolute values as plain rows, on variables beside the weights."""

from __future__ import annotations

import numpy as np

from sillok.portfolio.methods.tail_interior import Region

__all__ = ["lift"]


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
