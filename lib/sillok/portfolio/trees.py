"""Trees of assets by correlation: who is joined with whom, in which order, and into how many clusters."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = ["Tree", "choose_clusters", "grow"]

_MOST = 10  # clusters looked at; a portfolio's reader cannot tell more apart


class Tree(NamedTuple):
    """A node: a leaf, or two children; ``leaves`` in the order in which they are drawn."""

    leaves: tuple[int, ...]
    height: float
    children: tuple[Tree, ...]  # none or two

    def cut(self, clusters: int) -> list[Tree]:
        """Return the so many branches that are joined last."""
        found = [self]
        while len(found) < clusters:
            at = max(range(len(found)), key=lambda i: found[i].height if found[i].children else -1.0)
            if not found[at].children:
                break
            found[at : at + 1] = found[at].children
        return found


def grow(correlation: np.ndarray, linkage: str, *, of_distances: bool) -> tuple[Tree, np.ndarray]:
    """Join what is nearest by ``sqrt((1 - rho) / 2)`` (Lopez de Prado, 2016), and return the distances too.

    ``of_distances`` measures how far two assets' distances to all assets are apart, as that paper does. Of two
    single assets that are joined, the one more like all others stands first: so that the input's order, which
    decides it elsewhere, does not matter.
    """
    from scipy.cluster.hierarchy import linkage as join
    from scipy.spatial.distance import pdist, squareform

    N = len(correlation)
    distance = np.sqrt(np.clip((1.0 - correlation) / 2.0, 0.0, 1.0))
    np.fill_diagonal(distance, 0.0)
    nodes = [Tree((i,), 0.0, ()) for i in range(N)]
    if N == 1:
        return nodes[0], distance
    near = pdist(distance) if of_distances else squareform(distance, checks=False)
    likeness = correlation.sum(axis=0)
    for a, b, height, _ in join(near, linkage):
        left, right = nodes[int(a)], nodes[int(b)]
        both_single = not left.children and not right.children
        if both_single and likeness[left.leaves[0]] < likeness[right.leaves[0]]:
            left, right = right, left
        nodes.append(Tree(left.leaves + right.leaves, float(height), (left, right)))
    return nodes[-1], distance


def choose_clusters(tree: Tree, distance: np.ndarray) -> int:
    """Choose the number of clusters of the best silhouettes, mean over deviation (Lopez de Prado and Lewis, 2019)."""
    N = len(distance)
    if N < 3:
        return 1
    best, chosen = -np.inf, 1
    for clusters in range(2, min(_MOST, N - 1) + 1):
        member = np.zeros((N, clusters))
        for c, branch in enumerate(tree.cut(clusters)):
            member[list(branch.leaves), c] = 1.0
        s = _silhouettes(distance, member)
        spread = float(s.std())
        quality = float(s.mean()) / spread if spread > 0 else -np.inf
        if quality > best:
            best, chosen = quality, clusters
    return chosen


def _silhouettes(distance: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Return each asset's silhouette (Rousseeuw, 1987), zero for one that is alone."""
    size = member.sum(axis=0)
    total = distance @ member
    own = member.astype(bool)
    others = size[own.argmax(axis=1)] - 1
    inside = np.divide(total[own], others, out=np.zeros(len(distance)), where=others > 0)
    outside = np.where(own, np.inf, total / size).min(axis=1)
    most = np.maximum(inside, outside)
    apart = np.divide(outside - inside, most, out=np.zeros(len(distance)), where=most > 0)
    return np.where(others > 0, apart, 0.0)
