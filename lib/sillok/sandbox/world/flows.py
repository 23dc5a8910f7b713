"""Who bought and who sold: every share has a buyer and a seller, so the nets of all kinds sum to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.world.world import World

__all__ = ["KINDS", "PARTS", "Flows", "flows_of"]

Ints = NDArray[np.int64]

# Kind of investor and its typical share of the trading.
KINDS: Mapping[str, float] = {"foreign": 0.22, "institution": 0.14, "other": 0.02, "individual": 0.62}
# Of what an institution, and the rest, is made up; the last takes what rounding leaves.
PARTS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "institution": (
        ("securities", 0.30), ("trust", 0.20), ("private_fund", 0.14), ("bank", 0.03), ("insurer", 0.08),
        ("merchant_bank", 0.01), ("pension", 0.24),
    ),
    "other": (("other_group", 0.2), ("other_corporation", 0.8)),
    "foreign": (("foreign_unregistered", 0.03), ("foreign_registered", 0.97)),
}  # fmt: skip


@dataclass(frozen=True)
class Flows:
    """Shares bought and sold by kind of investor, session by session, oldest first."""

    days: Ints
    bought: Mapping[str, Ints]
    sold: Mapping[str, Ints]

    def net(self, kind: str, day: int) -> int:
        """Return what ``kind`` bought less what it sold on ``day``, shares; 0 on a day that is not known."""
        at = int(self.days.searchsorted(day))
        if at >= len(self.days) or self.days[at] != day:
            return 0
        return int(self.bought[kind][at] - self.sold[kind][at])


def flows_of(world: World, symbol: str) -> Flows | None:
    """Return the flows of ``symbol``; None for an unknown issue, and in a replay."""
    bars, low, high = world.span(symbol)
    if not world.is_made_up or low == high:
        return None
    begin = world.place(int(bars.date[low]))  # draws are read from the market's first session on
    rng = world.stream("flows", symbol)
    noise = rng.standard_normal((begin + high - low, 2, len(KINDS)))[begin:]
    # What a kind buys and sells leans the same way for some days.
    lean = 0.35 * noise[:, 0]
    weights = np.array(list(KINDS.values()))
    size = 0.25 * noise[:, 1]
    volume = bars.volume[low:high]
    bought, sold = (_divide(volume, weights * np.exp(size + side * lean)) for side in (1, -1))
    return Flows(bars.date[low:high], bought, sold)


def _divide(volume: Ints, weights: NDArray[np.float64]) -> dict[str, Ints]:
    share = np.round(weights / weights.sum(axis=1, keepdims=True), 9)
    found: dict[str, Ints] = {}
    left = volume.copy()
    names = list(KINDS)
    for place, name in enumerate(names[:-1]):
        found[name] = np.minimum(np.floor(volume * share[:, place]).astype(np.int64), left)
        left = left - found[name]
    found[names[-1]] = left
    for kind, parts in PARTS.items():
        rest = found[kind].copy()
        for name, part in parts[:-1]:
            found[name] = np.floor(found[kind] * part).astype(np.int64)
            rest -= found[name]
        found[parts[-1][0]] = rest
    return found
