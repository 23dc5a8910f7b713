"""The made-up companies of the synthetic market: names, sectors, sizes, exposures and the dates of their life."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Companies", "Event", "draw_companies", "isin"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Industry, annual volatility of its factor, typical own volatility, share of its issues on KOSPI.
_INDUSTRIES = (
    ("반도체", 0.18, 0.36, 0.5),
    ("자동차", 0.13, 0.28, 0.7),
    ("화학", 0.13, 0.30, 0.7),
    ("철강", 0.13, 0.27, 0.8),
    ("바이오", 0.17, 0.42, 0.3),
    ("금융", 0.10, 0.20, 0.9),
    ("건설", 0.12, 0.29, 0.7),
    ("유통", 0.09, 0.25, 0.6),
    ("통신", 0.08, 0.22, 0.6),
    ("게임", 0.16, 0.38, 0.2),
)
PER_INDUSTRY = 22
_FIRST_SYMBOL = 900_010


@dataclass(frozen=True, slots=True)
class Event:
    """Something that befalls one company: the session's position from the start, and the ratio of a split."""

    company: int
    session: int
    ratio: int = 1


@dataclass(frozen=True)
class Companies:
    """The companies, one entry each (N): see the field comments. Volatilities are annual."""

    names: tuple[str, ...]
    symbols: tuple[str, ...]
    industries: tuple[str, ...]  # names of the K industries
    industry: Ints  # (N) position in industries
    on_kospi: NDArray[np.bool_]  # (N)
    in_kospi200: NDArray[np.bool_]  # (N) the largest on KOSPI at the start
    price: Ints  # (N) first close, KRW, before it is put on a tick
    shares: Ints  # (N) at the start
    beta: Floats  # (N) on the market
    loading: Floats  # (N) on the industry
    own_vol: Floats  # (N)
    industry_vol: Floats  # (K)
    splits: tuple[Event, ...]
    listings: tuple[Event, ...]  # first session
    delistings: tuple[Event, ...]  # first session without it


def isin(symbol: str) -> str:
    """Return the Korean ISIN of a six-digit ordinary share, with its check digit (ISO 6166)."""
    stem = f"KR7{symbol}00"
    digits = "".join(str(int(sign, 36)) for sign in stem)
    total = sum(
        sum(divmod(int(digit) * (2 if place % 2 == 0 else 1), 10))
        for place, digit in enumerate(reversed(digits))
    )
    return f"{stem}{-total % 10}"


def draw_companies(seed: int) -> Companies:
    """Return the companies of ``seed``: the same whatever the dates of the market are."""
    rng = np.random.default_rng([seed, 1])
    kinds = len(_INDUSTRIES)
    n = kinds * PER_INDUSTRY
    industry = np.repeat(np.arange(kinds), PER_INDUSTRY)
    rank = np.tile(np.arange(PER_INDUSTRY), kinds)
    on_kospi = rank < np.array([kind[3] for kind in _INDUSTRIES])[industry] * PER_INDUSTRY
    # Sizes fall off with the rank in the industry; KOSDAQ issues are smaller by an order.
    size = np.exp(rng.normal(0, 0.5, n) - 0.17 * rank) * np.where(on_kospi, 12e12, 5e12)
    size[0] *= 8  # one giant, as on KRX
    price = np.round(np.exp(rng.uniform(np.log(5_000), np.log(200_000), n))).astype(np.int64)
    own = np.array([kind[2] for kind in _INDUSTRIES])[industry] * np.exp(rng.normal(0, 0.12, n))
    own = np.clip(own * np.where(size > 5e12, 0.85, 1.0), 0.16, 0.42)
    beta = np.clip(rng.normal(1.0, 0.18, n), 0.5, 1.5)
    loading = np.clip(rng.normal(1.0, 0.2, n), 0.4, 1.6)
    shares = np.maximum(np.round(size / price, -3).astype(np.int64), 1_000_000)
    kospi = np.flatnonzero(on_kospi)
    largest = kospi[np.argsort(-(size[kospi]), kind="stable")[:100]]
    first = [kind * PER_INDUSTRY for kind in range(kinds)]
    price[[first[0], first[4] + 1]] = (312_000, 168_000)  # dear enough to be split
    shares[[first[0], first[4] + 1]] = (420_000_000, 30_000_000)
    return Companies(
        names=tuple(f"가상{_INDUSTRIES[k][0]}{r + 1}" for k, r in zip(industry, rank, strict=True)),
        symbols=tuple(f"{_FIRST_SYMBOL + 10 * at:06d}" for at in range(n)),
        industries=tuple(kind[0] for kind in _INDUSTRIES),
        industry=industry,
        on_kospi=on_kospi,
        in_kospi200=np.isin(np.arange(n), largest),
        price=price,
        shares=shares,
        beta=beta,
        loading=loading,
        own_vol=own,
        industry_vol=np.array([kind[1] for kind in _INDUSTRIES]),
        splits=(Event(first[0], 280, 5), Event(first[4] + 1, 520, 4)),
        listings=tuple(Event(first[k] + 20, at) for k, at in ((0, 130), (4, 330), (9, 545))),
        delistings=tuple(Event(first[k] + 21, at) for k, at in ((6, 250), (2, 470), (7, 640))),
    )
