"""The state of the live board: events in, the newest of each issue out, and no widget."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from sillok.errors import MissingDataError

__all__ = ["Board", "Line", "choose_issues"]

_KEPT = 240  # prices of an issue that the picture shows


@dataclass(slots=True)
class Line:
    """What is known of one issue now; amounts in KRW, None before the first event."""

    symbol: str
    name: str
    price: int | None = None
    change: int = 0
    change_pct: Decimal = Decimal(0)
    volume: int = 0
    side: str = ""
    time: datetime | None = None
    prices: deque[int] = field(default_factory=lambda: deque(maxlen=_KEPT))
    asks: Sequence[tuple[int, int]] = ()  # price and quantity, best first
    bids: Sequence[tuple[int, int]] = ()


class Board:
    """The newest trade and order book of some issues.

    Parameters
    ----------
    names
        Symbol to name, in the order in which they are shown.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.lines = {symbol: Line(symbol, name) for symbol, name in names.items()}
        self.gaps: list[Any] = []
        self.events = 0

    def take(self, event: Any) -> None:
        """Take a trade, an order book or a gap; anything else, and other issues, are passed over."""
        if hasattr(event, "reason") and hasattr(event, "until"):
            self.gaps.append(event)
            return
        line = self.lines.get(event.key)
        if line is None:
            return
        self.events += 1
        if event.channel.startswith("trades"):
            line.price, line.change, line.change_pct = event.price, event.change, event.change_pct
            line.volume, line.side, line.time = event.volume, event.side, event.time
            line.prices.append(event.price)
        elif event.channel == "order_book":
            line.asks, line.bids = event.asks, event.bids

    def frame(self) -> pd.DataFrame:
        """Return the board by symbol: ``name``, ``price``, ``change`` (a fraction), ``volume``, ``ask``, ``bid``, ``time``."""
        rows = [
            {
                "symbol": line.symbol,
                "name": line.name,
                "price": line.price,
                "change": float(line.change_pct) / 100 if line.price is not None else None,
                "volume": line.volume,
                "ask": line.asks[0][0] if line.asks else None,
                "bid": line.bids[0][0] if line.bids else None,
                "time": f"{line.time:%H:%M:%S}" if line.time else "",
            }
            for line in self.lines.values()
        ]
        return pd.DataFrame(rows).set_index("symbol")


def choose_issues(issues: pd.DataFrame, value: pd.Series, asked: str, count: int) -> dict[str, str]:
    """Return symbol to name: those ``asked`` for, parted by commas, or the ``count`` with the greatest ``value``.

    Raises
    ------
    MissingDataError
        If one of them is unknown.
    """
    symbols = [word.strip() for word in asked.split(",") if word.strip()]
    if not symbols:
        symbols = list(value.dropna().nlargest(count).index)
    if unknown := [symbol for symbol in symbols if symbol not in issues.index]:
        raise MissingDataError(
            f"the snapshot knows no issue {', '.join(unknown)}; look them up in its issues"
        )
    return {symbol: str(issues.at[symbol, "name"]) for symbol in symbols}
