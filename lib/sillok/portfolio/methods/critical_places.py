"""Places on a critical line: by return, by variance, and where the ratio to a riskless rate is greatest.

Between two corners weights, tolerance and multipliers are straight lines, and the variance is a parabola.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sillok.errors import SolverError

if TYPE_CHECKING:
    from sillok.portfolio.methods.critical_line import Corners

__all__ = ["place_return", "place_steepest", "place_variance"]


def _between(line: Corners, k: int, part: float) -> tuple[np.ndarray, float, np.ndarray]:
    """Return weights, tolerance and row multipliers so far on the way from corner ``k`` to the next."""
    if part == 0:
        return line.weights[k], float(line.tolerance[k]), line.rows[k]
    w, t, y = (a[k] + part * (a[k + 1] - a[k]) for a in (line.weights, line.tolerance, line.rows))
    return w, float(t), y


def place_return(line: Corners, earned: float) -> tuple[np.ndarray, float, np.ndarray]:
    """Return weights, tolerance and row multipliers where the return is ``earned``, within the line's ends."""
    returns = line.returns
    if earned <= returns[0]:
        return line.weights[0], 0.0, line.rows[0]
    k = int(np.searchsorted(returns, earned)) - 1
    if k == len(returns) - 1:
        return _between(line, k, 0.0)
    return _between(line, k, float((earned - returns[k]) / (returns[k + 1] - returns[k])))


def _stretch(line: Corners, k: int) -> tuple[float, float, float]:
    """Return a, b, c of the variance ``a + 2 b s + c s^2`` at the part s of the way to the next corner.

    Half the variance's slope in the return is the tolerance, and both are straight in s.
    """
    rise = float(line.returns[k + 1] - line.returns[k])
    t, more = float(line.tolerance[k]), float(line.tolerance[k + 1] - line.tolerance[k])
    return float(line.variances[k]), t * rise, more * rise


def place_variance(line: Corners, variance: float) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the same where the variance is ``variance``, within the line's ends."""
    last = len(line.variances) - 1
    k = int(np.searchsorted(line.variances, variance, side="right")) - 1
    if k < 0 or k >= last:
        return _between(line, min(max(k, 0), last), 0.0)
    a, b, c = _stretch(line, k)
    more = variance - a
    # The root that does not cancel.
    return _between(line, k, min(more / (b + np.sqrt(max(b * b + c * more, 0.0))), 1.0) if more > 0 else 0.0)


def place_steepest(line: Corners, free: float) -> tuple[np.ndarray, float, np.ndarray]:
    """Find where ``variance = tolerance (return - free)``: there the ratio has no slope along the frontier.

    Raises
    ------
    SolverError
        If a riskless portfolio earns more than ``free``.
    """
    excess = line.returns - free
    if (riskless := (line.variances <= 0) & (excess > 0)).any():
        raise SolverError(
            f"the ratio is unbounded: a riskless portfolio earns {excess[riskless].max():.6g} a year more than "
            "the riskless rate"
        )
    slack = line.tolerance * excess - line.variances
    k = int(np.count_nonzero((slack < 0) | (line.variances <= 0))) - 1
    if k >= len(slack) - 1:
        return _between(line, len(slack) - 1, 0.0)
    # On the way both the variance and the product are quadratic with the same square: a linear equation is left.
    step = float(slack[k + 1] - slack[k])
    return _between(line, k, float(-slack[k]) / step if step > 0 else 1.0)
