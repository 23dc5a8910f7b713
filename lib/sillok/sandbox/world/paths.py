"""The paths of the synthetic market: factor structure, volatility clusters, halts, splits, new and leaving issues.

Prefix-stable: every kind of draw has a stream of its own that is read session by session, so the path through
a session never depends on where the market ends. Returns are rounded to a millionth before they move a
price, so that the last digit of a numerical library does not show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sillok.sandbox.world.companies import Companies
from sillok.sandbox.world.rules import price_limits, round_to_tick

__all__ = ["Paths", "draw_paths"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_YEAR = 250.0
_MARKET_VOL, _DRIFT, _PULL = 0.15, 0.06, 0.30  # a year; the pull is towards the first price
_LONGEST_PULL, _LONGEST_MOVE = 0.001, 0.29  # a session
_SHOCK, _KEEP = 0.06, 0.90  # GARCH(1,1): weight of the last shock, and of the last variance
_CALM, _WILD = 0.35, 4.0  # variance over its long-run level stays between
_TAIL = 6  # degrees of freedom of Student's t
_HALT_ODDS, _LONGEST_HALT = 1 / 2_500, 12
_SPLIT_HALT = 3  # sessions of halt before a split
_TURNOVER = 0.003  # of the shares, a session


@dataclass(frozen=True)
class Paths:
    """Unadjusted whole numbers, sessions x companies (T x N); 0 where an issue is not listed.

    A halted session has open, high, low, volume and amount 0, and the close carried on.
    """

    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    amount_krw: Ints
    shares: Ints
    is_listed: Flags


@dataclass(frozen=True)
class _Draws:
    """What chance gives, session by session: shocks of variance 1 for market, industries, companies."""

    shock: Floats  # T x (1 + K + N)
    gap: Floats  # T x N, how much of the move the open takes
    reach: Floats  # T x 2 x N, how far high and low go
    busy: Floats  # T x N, log turnover
    stop: Flags  # T x N, a halt begins
    stop_length: Ints  # T x N


@dataclass(frozen=True)
class _Life:
    """Who is listed, the shares, and the ratio of the splits of each session (T x N)."""

    is_listed: Flags
    shares: Ints
    ratio: Ints


def draw_paths(seed: int, companies: Companies, sessions: int) -> Paths:
    """Return the paths of ``companies`` over the first ``sessions`` sessions."""
    draws = _draw(seed, companies, sessions)
    life = _live(companies, sessions)
    n, kinds = len(companies.symbols), len(companies.industries)
    base_vol = np.concatenate([[_MARKET_VOL], companies.industry_vol, companies.own_vol]) / np.sqrt(_YEAR)
    scale = np.ones(1 + kinds + n)
    out = np.zeros((6, sessions, n), np.int64)
    latent = companies.price.astype(float)
    anchor = latent
    close = round_to_tick(latent)
    halt_left = np.zeros(n, np.int64)
    for t in range(sessions):
        vol = base_vol * np.sqrt(scale)
        shock = draws.shock[t]
        halt_left = np.where((halt_left == 0) & draws.stop[t], draws.stop_length[t], halt_left)
        trades = life.is_listed[t] & (halt_left == 0)
        move = np.where(trades, _move(companies, vol * shock, latent / anchor), 0.0)
        ratio = life.ratio[t]
        before, latent, anchor = latent / ratio, latent * (1 + move) / ratio, anchor / ratio
        close = np.where(ratio > 1, round_to_tick(close / ratio), close)
        day_vol = np.sqrt(_variance(companies, vol))
        bar = _day(close, before, latent, gap=draws.gap[t], reach=draws.reach[t] * day_vol)
        volume = _volume(life.shares[t], draws.busy[t], move, scale[1 + kinds :])
        amount = volume * (bar[0] + bar[1] + bar[2] + 2 * bar[3]) // 5
        out[:, t] = np.where(trades, (*bar, volume, amount), 0)
        close = np.where(trades, bar[3], close)
        out[3, t] = np.where(life.is_listed[t], close, 0)
        halt_left = np.maximum(halt_left - 1, 0)
        scale = np.clip((1 - _SHOCK - _KEEP) + scale * (_SHOCK * shock**2 + _KEEP), _CALM, _WILD)
    first, high, low, last, volume, amount = out
    return Paths(first, high, low, last, volume, amount, life.shares, life.is_listed)


def _draw(seed: int, companies: Companies, sessions: int) -> _Draws:
    n, kinds = len(companies.symbols), len(companies.industries)
    streams = [np.random.default_rng([seed, 2, kind]) for kind in range(7)]
    unit = np.sqrt((_TAIL - 2) / _TAIL)  # t scaled to variance 1
    common = streams[0].standard_t(_TAIL, (sessions, 1 + kinds))
    own = streams[1].standard_t(_TAIL, (sessions, n))
    draws = _Draws(
        shock=np.concatenate([common, own], axis=1) * unit,
        gap=streams[2].uniform(0.1, 0.5, (sessions, n)),
        reach=np.abs(streams[3].standard_normal((sessions, 2, n))),
        busy=streams[4].standard_normal((sessions, n)),
        stop=streams[5].random((sessions, n)) < _HALT_ODDS,
        stop_length=streams[6].integers(1, _LONGEST_HALT + 1, (sessions, n)),
    )
    for event in companies.splits:
        at = event.session - _SPLIT_HALT
        if at < sessions:
            draws.stop[at, event.company], draws.stop_length[at, event.company] = True, _SPLIT_HALT
    return draws


def _live(companies: Companies, sessions: int) -> _Life:
    n = len(companies.symbols)
    is_listed = np.ones((sessions, n), bool)
    shares = np.tile(companies.shares, (sessions, 1))
    ratio = np.ones((sessions, n), np.int64)
    for event in companies.listings:
        is_listed[: event.session, event.company] = False
    for event in companies.delistings:
        is_listed[event.session :, event.company] = False
    for event in companies.splits:
        shares[event.session :, event.company] *= event.ratio
        ratio[event.session : event.session + 1, event.company] = event.ratio
    return _Life(is_listed, shares, ratio)


def _move(companies: Companies, factor: Floats, level: Floats) -> Floats:
    """Return the simple return of each company (N) from the factors (1 + K + N); ``level`` is price over anchor."""
    kinds = len(companies.industries)
    pull = np.clip(-_PULL / _YEAR * (level - 1), -_LONGEST_PULL, _LONGEST_PULL)
    move = (
        _DRIFT / _YEAR
        + pull
        + companies.beta * factor[0]
        + companies.loading * factor[1 + companies.industry]
        + factor[1 + kinds :]
    )
    return np.round(np.clip(move, -_LONGEST_MOVE, _LONGEST_MOVE), 6)


def _variance(companies: Companies, vol: Floats) -> Floats:
    kinds = len(companies.industries)
    common = (companies.beta * vol[0]) ** 2 + (companies.loading * vol[1 + companies.industry]) ** 2
    return common + vol[1 + kinds :] ** 2


def _volume(shares: Ints, busy: Floats, move: Floats, scale: Floats) -> Ints:
    """Return shares traded: more on a wild day and after big moves."""
    turnover = _TURNOVER * np.exp(0.5 * busy - 0.125) * (1 + 40 * np.abs(move)) * np.sqrt(scale)
    return np.maximum(np.round(shares * turnover).astype(np.int64), 1)


def _day(
    base: Ints, before: Floats, after: Floats, *, gap: Floats, reach: Floats
) -> tuple[Ints, Ints, Ints, Ints]:
    """Return open, high, low, close on ticks and inside the limits of ``base``."""
    lower, upper = price_limits(base)

    def put(price: Floats) -> Ints:
        return np.clip(round_to_tick(np.maximum(np.round(price, 3), 1)), lower, upper)

    first, last = put(before + gap * (after - before)), put(after)
    top, bottom = np.maximum(first, last), np.minimum(first, last)
    high = np.maximum(put(top * (1 + 0.35 * reach[0])), top)
    low = np.minimum(put(bottom * (1 - 0.35 * reach[1])), bottom)
    return first, high, low, last
