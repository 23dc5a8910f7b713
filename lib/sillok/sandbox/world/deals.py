"""What the account did abroad: three positions bought at the start and kept, a round trip every few sessions."""

from __future__ import annotations

from dataclasses import dataclass

from sillok.sandbox.world.abroad import UNIT, Path, abroad_of
from sillok.sandbox.world.exchanges import EXCHANGES, Exchange, Stock
from sillok.sandbox.world.world import World

__all__ = ["CURRENCIES", "Deal", "currencies_of", "deals_of", "positions_of"]

_HELD = (("NAS", "XFAKE", 40), ("NAS", "XCHIP", 25), ("NYS", "XBANK", 60))
_CASH = {"USD": 12_500.0, "JPY": 300_000.0, "HKD": 0.0}
CURRENCIES = {"USD": "미국 달러", "JPY": "일본 엔", "HKD": "홍콩 달러"}
_EVERY, _KEPT = 6, 4  # sessions between round trips, and from purchase to sale
_FEE = 0.0025
_BOUGHT_ON = 20230901


@dataclass(frozen=True, slots=True)
class Deal:
    """One order, filled whole; ``bought`` is what a sold share had cost, 0 for a purchase."""

    day: int
    number: str
    exchange: Exchange
    stock: Stock
    side: str
    quantity: int
    price: int
    bought: int = 0

    @property
    def amount(self) -> float:
        """What changed hands, in the currency."""
        return self.quantity * self.price / UNIT

    @property
    def fee(self) -> float:
        """What the broker takes, in the currency."""
        return round(self.amount * _FEE, 2)


def positions_of(world: World) -> list[tuple[Exchange, Stock, Path, int, float]]:
    """Return what is held: exchange, issue, path, shares, and what they cost in the currency."""
    found = []
    for market, symbol, quantity in _HELD:
        known = abroad_of(world).stock(market, symbol)
        if known is None:
            continue
        stock, path = known
        at = min(int(path.day.searchsorted(_BOUGHT_ON)), len(path.day) - 1)
        splits = path.ratio if at < path.split_at < len(path.day) else 1
        found.append(
            (EXCHANGES[market], stock, path, quantity * splits, quantity * int(path.close[at]) / UNIT)
        )
    return found


def deals_of(world: World) -> list[Deal]:
    """Return the round trips since the positions were bought, oldest first; a split in between leaves one out."""
    found = []
    for place, (exchange, stock, path, _, _) in enumerate(positions_of(world)):
        first = int(path.day.searchsorted(_BOUGHT_ON)) + 1 + place
        for at in range(first, len(path.day), _EVERY):
            number, size = f"{30_000 + 10 * at + place:010d}", 3 + at % 5
            bought = int(path.close[at])
            found.append(Deal(int(path.day[at]), number, exchange, stock, "02", size, bought))
            out = at + _KEPT
            if out < len(path.day):
                ratio = path.ratio if at < path.split_at <= out else 1
                number = f"{30_000 + 10 * out + place + 5:010d}"
                price = int(path.close[out])
                found.append(
                    Deal(
                        int(path.day[out]),
                        number,
                        exchange,
                        stock,
                        "01",
                        size * ratio,
                        price,
                        bought // ratio,
                    )
                )
    return sorted(found, key=lambda deal: (deal.day, deal.number))


def currencies_of(world: World) -> list[tuple[str, float, float]]:
    """Return currency, deposit and rate of what the account has; a replay knows no rates, so it has none."""
    if not world.is_made_up:
        return []
    return [(name, amount, abroad_of(world).rate(name)) for name, amount in _CASH.items()]
