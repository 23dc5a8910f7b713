"""Risk budgets under caps on volatility and tracking error: the answer on the cone, finished by Newton.

The weights' sum is given, so the barrier problem on the cone of the limits is, in weights,

    minimise    1/2 ln w' P w - sum_i b_i ln w_i
    subject to  H w = h,  1'w = budget,  w' P w = vol,  (w - m)' P (w - m) = off

with the rows and caps that hold as equations.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Caps", "solve_capped"]

_STEPS = 40
_ROUNDING = 1e-13
_VIOLATION = 1e-12


class Caps(NamedTuple):
    """The caps that hold, as variances in the unit of ``P``; None: it does not hold."""

    vol: float | None
    off: float | None
    m: np.ndarray  # (N,) the benchmark


def solve_capped(  # noqa: PLR0917 - the equations in their order
    w: np.ndarray, b: np.ndarray, P: np.ndarray, H: np.ndarray, h: np.ndarray, budget: float, caps: Caps
) -> tuple[np.ndarray, np.ndarray, float] | None:
    """Solve for the weights from a solver's answer.

    ``k P w + t P (w - m) = b / w + H'y + u``, with ``k = 1 / w'Pw`` and more where the volatility is held.

    Returns
    -------
    tuple
        The weights, the rows' multipliers ``y``, and the largest miss of a share as a part of it; None where a cap
        that is said to hold does not, or no step leads further.
    """
    N, m = len(b), len(H)
    y, u, t, k = np.zeros(m), 0.0, 0.0, 1.0 / float(w @ P @ w)
    for taken in range(_STEPS + 1):
        Pw, Po = P @ w, P @ (w - caps.m)
        ends = np.concatenate(
            [
                [budget - w.sum()],
                h - H @ w,
                [-t if caps.off is None else 0.5 * (caps.off - (w - caps.m) @ Po)],
                [1.0 - k * (w @ Pw) if caps.vol is None else 0.5 * (caps.vol - w @ Pw)],
            ]
        )
        slope = b / w + y @ H + u - k * Pw - t * Po
        gap = float(np.max(np.abs(slope * w / b)))
        missed = float(np.abs(ends).max())
        if taken == _STEPS or (gap < _ROUNDING and missed < _ROUNDING):
            break  # what is told was measured on the weights that are told
        K = np.zeros((N + m + 3, N + m + 3))
        K[:N, :N] = (k + t) * P + np.diag(b / w**2)
        K[:N, N], K[N, :N] = -1.0, 1.0
        K[:N, N + 1 : -2], K[N + 1 : -2, :N] = -H.T, H
        K[:N, -2], K[:N, -1] = Po, Pw
        if caps.off is None:
            K[-2, -2] = 1.0
        else:
            K[-2, :N] = Po
        K[-1, :N] = Pw if caps.vol is not None else 2.0 * k * Pw
        K[-1, -1] = 0.0 if caps.vol is not None else w @ Pw
        try:
            step = np.linalg.solve(K, np.concatenate([slope, ends]))
        except np.linalg.LinAlgError:
            # Rows that say the same twice share their multiplier.
            step = np.linalg.lstsq(K, np.concatenate([slope, ends]), rcond=1e-12)[0]
        if not np.isfinite(step).all():
            return None
        # Nine tenths of the way to the nearest zero, at most.
        length = min(1.0, 0.9 / max(float(np.max(-step[:N] / w)), 1e-300))
        w, u, y = w + length * step[:N], u + length * step[N], y + length * step[N + 1 : -2]
        t, k = t + length * step[-2], k + length * step[-1]
    holds = t >= 0 and k * float(w @ P @ w) >= 1 - _VIOLATION
    return (w, y, gap) if holds and missed <= _VIOLATION else None
