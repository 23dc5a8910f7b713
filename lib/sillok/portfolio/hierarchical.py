"""Portfolios by a tree of correlations, which need no inverse of the covariance.

Bounds on the weights are kept: wherever money is split, each side gets at least what its least weights need and
at most what its greatest weights hold (Pfitzinger and Katzke, 2019). No other limit can be kept by splitting, so
any other is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from sillok.errors import ConfigError, DataError, InfeasibleError
from sillok.portfolio.constraints import bounds
from sillok.portfolio.data import Data, Limits, Solution
from sillok.portfolio.definiteness import check_definite
from sillok.portfolio.mean_variance import maximum_sharpe, minimum_variance
from sillok.portfolio.trees import Tree, choose_clusters, grow

__all__ = ["hierarchical_equal_risk", "hierarchical_risk_parity", "nested_clusters"]

_PLAIN = Limits()
_ROUNDING = 1e-12


def hierarchical_risk_parity(data: Data, limits: Limits = _PLAIN, *, linkage: str = "single") -> Solution:
    """Split the money from the top of a list in two, each half by the inverse of its variance.

    The list is the assets in the order of their tree, so that like stands beside like (Lopez de Prado, 2016,
    "Building diversified portfolios that outperform out of sample", snippets 1 to 3). A half's variance is that
    of its portfolio by inverse variances. ``objective`` is the volatility a year; nothing is minimised.

    Parameters
    ----------
    linkage
        How a cluster's distance is told from its members': ``single`` as in the paper, ``average``,
        ``complete`` or ``ward``.

    Raises
    ------
    ConfigError
        If a limit is neither a bound nor the budget, or the linkage has another name.
    DataError
        If an asset never moves or ``Sigma`` is not a covariance; assets are named.
    InfeasibleError
        If the bounds cannot hold the budget.
    """
    S, lb, ub = _prepared(data, limits)
    tree, _ = _tree(S, linkage, of_distances=True)
    w = np.zeros(len(S))

    def share(leaves: tuple[int, ...], money: float) -> None:
        if len(leaves) == 1:
            w[leaves[0]] = money
            return
        halves = leaves[: len(leaves) // 2], leaves[len(leaves) // 2 :]
        for half, part in zip(halves, _split(S, lb, ub, halves, money), strict=True):
            share(half, part)

    share(tree.leaves, limits.budget)
    return _told(data, w, f"hierarchical risk parity, {linkage} linkage")


def hierarchical_equal_risk(
    data: Data, limits: Limits = _PLAIN, *, clusters: int | None = None, linkage: str = "ward"
) -> Solution:
    """Split the money down the tree to its clusters, each branch by the inverse of its variance.

    Within a cluster weights are inverse to variances (Raffinot, 2018, "The hierarchical equal risk contribution
    portfolio"). Parameters but ``clusters``, and errors, as in :func:`hierarchical_risk_parity`.

    Parameters
    ----------
    clusters
        How many; None chooses by silhouettes, which need no random reference as the paper's gap index does.
    """
    S, lb, ub = _prepared(data, limits)
    tree, distance = _tree(S, linkage, of_distances=False)
    count = _count(clusters, tree, distance)
    ends = {branch.leaves for branch in tree.cut(count)}
    inverse = 1.0 / S.diagonal()
    w = np.zeros(len(S))

    def share(branch: Tree, money: float) -> None:
        if branch.leaves in ends:
            at = list(branch.leaves)
            w[at] = _poured(inverse[at], lb[at], ub[at], money)
            return
        left, right = branch.children
        parts = _split(S, lb, ub, (left.leaves, right.leaves), money)
        for child, part in zip(branch.children, parts, strict=True):
            share(child, part)

    share(tree, limits.budget)
    return _told(data, w, f"hierarchical equal risk, {count} clusters, {linkage} linkage")


def nested_clusters(
    data: Data,
    limits: Limits = _PLAIN,
    *,
    clusters: int | None = None,
    linkage: str = "ward",
    objective: str = "minimum_variance",
) -> Solution:
    """Optimise within each cluster, then among the clusters' portfolios (Lopez de Prado, 2019).

    "A robust estimator of the efficient frontier"; the clusters are branches of the tree where the paper uses
    k-means. Bounds are kept by the second step, which can only scale what the first has found: where that cannot
    keep them it is refused. Errors else as in :func:`hierarchical_risk_parity`.

    Parameters
    ----------
    objective
        ``minimum_variance``, or ``maximum_sharpe`` over a riskless rate of zero, which needs ``Data.mu``.
    """
    S, lb, ub = _prepared(data, limits)
    goals: dict[str, Callable[[Data, Limits], Solution]]
    goals = {"minimum_variance": minimum_variance, "maximum_sharpe": maximum_sharpe}
    if objective not in goals:
        raise ConfigError(f"objective must be one of {sorted(goals)}, got {objective!r}")
    tree, distance = _tree(S, linkage, of_distances=False)
    branches = tree.cut(_count(clusters, tree, distance))
    V = np.zeros((len(S), len(branches)))
    for c, branch in enumerate(branches):
        at = list(branch.leaves)
        V[at, c] = goals[objective](_part(data, S, at), _PLAIN).weights.to_numpy()
    names = pd.RangeIndex(len(branches))
    outer = Data(
        pd.DataFrame(_even(V.T @ S @ V), names, names),
        mu=None if data.mu is None else pd.Series(data.mu.to_numpy(dtype=float) @ V, names),
    )
    left_out = (V.max(axis=1) <= _ROUNDING) & (lb > 0)
    if left_out.any():
        found = list(data.labels[left_out])
        raise InfeasibleError(
            f"{objective} holds nothing of {found[:5]} in their clusters, which have a least weight; loosen it, or "
            "use a method that keeps every limit",
            symbols=found,
        )
    least, most = _scales(V, lb, ub, limits.budget)
    try:
        scale = goals[objective](outer, Limits(min_weight=least, max_weight=most, budget=limits.budget))
    except (InfeasibleError, ConfigError) as err:
        raise InfeasibleError(
            f"scaling the portfolios of {len(branches)} clusters cannot keep these bounds ({err}); loosen them, or "
            "use minimum_variance, which keeps every limit"
        ) from err
    w = V @ scale.weights.to_numpy()
    return _told(data, w, f"nested clusters, {len(branches)} by {linkage} linkage, {objective}")


def _prepared(data: Data, limits: Limits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return covariance and bounds, or refuse what a tree cannot do."""
    plain = Limits(min_weight=limits.min_weight, max_weight=limits.max_weight, budget=limits.budget)
    others = [n for n in Limits.__dataclass_fields__ if getattr(plain, n) is not getattr(limits, n)]
    others = [n for n in others if getattr(plain, n) != getattr(limits, n)]
    if others:
        raise ConfigError(
            f"splitting down a tree keeps bounds alone, not {', '.join(others)}; drop them, or use "
            "minimum_variance or risk_parity"
        )
    S = data.matrix()
    still = S.diagonal() <= 0
    if still.any():
        found = list(data.labels[still])
        raise DataError(
            f"{len(found)} assets never move, e.g. {found[:5]}, and have no correlation; drop them",
            symbols=found,
        )
    check_definite(data)
    lb, ub = bounds(data.labels, limits)
    lb, ub = np.maximum(lb, 0.0), np.minimum(ub, max(limits.budget, 0.0))
    if not (lb.sum() <= limits.budget + _ROUNDING and ub.sum() >= limits.budget - _ROUNDING):
        raise InfeasibleError(
            f"the bounds let a long-only budget be {lb.sum():.6g} to {ub.sum():.6g}, not {limits.budget:.6g}; loosen them"
        )
    return S, lb, ub


def _tree(S: np.ndarray, linkage: str, *, of_distances: bool) -> tuple[Tree, np.ndarray]:
    if linkage not in {"single", "average", "complete", "ward"}:
        raise ConfigError(f"linkage must be single, average, complete or ward, got {linkage!r}")
    vol = np.sqrt(S.diagonal())
    return grow(S / np.outer(vol, vol), linkage, of_distances=of_distances)


def _count(clusters: int | None, tree: Tree, distance: np.ndarray) -> int:
    if clusters is None:
        return choose_clusters(tree, distance)
    if not 1 <= clusters <= len(distance):
        raise ConfigError(f"clusters must lie between 1 and {len(distance)} assets, got {clusters}")
    return clusters


def _split(
    S: np.ndarray,
    lb: np.ndarray,
    ub: np.ndarray,
    sides: tuple[tuple[int, ...], tuple[int, ...]],
    money: float,
) -> tuple[float, float]:
    """Split money by the inverse of both sides' variances, as far as their bounds let it."""
    left, right = (list(side) for side in sides)
    a, b = _variance(S, left), _variance(S, right)
    wanted = money * b / (a + b)
    low = max(lb[left].sum(), money - ub[right].sum())
    high = min(ub[left].sum(), money - lb[right].sum())
    first = min(max(wanted, low), high)
    return first, money - first


def _variance(S: np.ndarray, at: list[int]) -> float:
    """Return the variance of the portfolio by inverse variances."""
    block = S[np.ix_(at, at)]
    v = 1.0 / block.diagonal()
    v /= v.sum()
    return float(v @ block @ v)


def _poured(rate: np.ndarray, lb: np.ndarray, ub: np.ndarray, money: float) -> np.ndarray:
    """Share money in proportion to ``rate`` within the bounds: the level at which it is all poured out."""
    levels = np.sort(np.concatenate([lb / rate, ub / rate]))
    sums = np.array([np.clip(level * rate, lb, ub).sum() for level in levels])
    k = int(np.clip(np.searchsorted(sums, money), 1, len(levels) - 1))
    rise = sums[k] - sums[k - 1]
    part = (money - sums[k - 1]) / rise if rise > 0 else 1.0
    return np.clip((levels[k - 1] + part * (levels[k] - levels[k - 1])) * rate, lb, ub)


def _scales(V: np.ndarray, lb: np.ndarray, ub: np.ndarray, budget: float) -> tuple[pd.Series, pd.Series]:
    """Return by how much each cluster's portfolio may be scaled so that every asset keeps its bounds."""
    held = V > _ROUNDING
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(held, ub[:, None] / V, np.inf).min(axis=0)
        least = np.where(held, lb[:, None] / V, 0.0).max(axis=0)
    return pd.Series(least), pd.Series(np.minimum(most, budget))


def _part(data: Data, S: np.ndarray, at: list[int]) -> Data:
    labels = data.labels[at]
    return Data(
        pd.DataFrame(S[np.ix_(at, at)], labels, labels), mu=None if data.mu is None else data.mu.iloc[at]
    )


def _even(S: np.ndarray) -> np.ndarray:
    """Take out the rounding between the two triangles of a product that is symmetric."""
    return 0.5 * (S + S.T)


def _told(data: Data, w: np.ndarray, method: str) -> Solution:
    vol = math.sqrt(data.variance(w))
    off = None if data.benchmark is None else w - data.benchmark.to_numpy(dtype=float)
    return Solution(
        weights=pd.Series(w, index=data.labels, name="weight"),
        vol_annual=vol,
        objective=vol,
        method=method,
        return_annual=None if data.mu is None else float(data.mu.to_numpy(dtype=float) @ w),
        tracking_annual=None if off is None else math.sqrt(data.variance(off)),
    )
