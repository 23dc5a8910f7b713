"""A small made-up market with the methods of the real one, for tests of what reads it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from sillok import clock

INDUSTRIES = [
    "가상전자",
    "가상바이오",
    "가상금융",
    "가상화학",
    "가상조선",
    "가상유통",
    "가상통신",
    "가상건설",
    "가상게임",
    "가상식품",
]


class FakeMarket:
    """``issues_count`` issues over the sessions from 2024 to mid-2026, one halted today, one newly listed."""

    source = "synthetic"
    snapshot_id = "f" * 64

    def __init__(self, issues_count: int = 60, seed: int = 7) -> None:
        rng = np.random.default_rng(seed)
        days = pd.DatetimeIndex(pd.to_datetime(clock.sessions(date(2024, 1, 2), date(2026, 7, 1))))
        symbols = [f"9{i:04d}0" for i in range(1, issues_count + 1)]
        T, N = len(days), issues_count
        beta, noise = rng.uniform(0.4, 1.5, N), rng.uniform(0.008, 0.03, N)
        steps = rng.normal(0.0003, 0.009, (T, 1)) * beta + rng.normal(0, 1, (T, N)) * noise
        start = np.exp(rng.uniform(np.log(2_000), np.log(300_000), N))
        close = pd.DataFrame(np.round(start * np.exp(np.cumsum(steps, axis=0))), days, symbols)
        self._halted = pd.DataFrame(False, days, symbols)
        close.iloc[-1, 3] = close.iloc[-2, 3]
        self._halted.iloc[-1, 3] = True
        close.iloc[: T - 40, 5] = np.nan
        close.iloc[-1, 7] = round(close.iloc[-2, 7] * 1.299)
        self._close = close
        self._volume = pd.DataFrame(rng.lognormal(11, 1, (T, N)).round(), days, symbols).where(close.notna())
        self._volume[self._halted] = 0
        names = [f"{INDUSTRIES[i % 10]}{i // 10 + 1}" for i in range(N)]
        self._issues = pd.DataFrame(
            {
                "name": names,
                "market": np.where(np.arange(N) % 3 == 0, "KOSDAQ", "KOSPI"),
                "industry": [INDUSTRIES[i % 10] for i in range(N)],
                "security_type": "ST",
                "listed_on": pd.Timestamp("2020-01-02"),
                "delisted_on": pd.NaT,
                "shares": 10_000_000,
            },
            index=pd.Index(symbols, name="symbol"),
        )
        self.through = days[-1].date()
        self.as_of = clock.session_close(self.through)

    def sessions(self) -> pd.DatetimeIndex:
        return self._close.index

    def issues(self) -> pd.DataFrame:
        return self._issues

    def panel(self, field: str = "close", **span: object) -> pd.DataFrame:
        whole = {"close": self._close, "volume": self._volume, "amount_krw": self._volume * self._close}[
            field
        ]
        return self._cut(whole, **span)

    def _cut(
        self,
        whole: pd.DataFrame,
        *,
        start: object = None,
        end: object = None,
        symbols: list[str] | None = None,
    ) -> pd.DataFrame:
        kept = (
            whole.loc[start:] if end is None else whole.loc[start : pd.Timestamp(end) - pd.Timedelta(days=1)]
        )
        return kept if symbols is None else kept[symbols]

    def index(self, code: str, *, start: object = None) -> pd.DataFrame:
        base = {"KOSPI": 2_600.0, "KOSDAQ": 850.0, "KOSPI200": 350.0}[code]
        level = base * (1 + self._close.ffill().pct_change().mean(axis=1)).fillna(1).cumprod()
        return pd.DataFrame({"close": level.where(level > base / 100, base).round(2)}).loc[start:]

    def halted(self, **span: object) -> pd.DataFrame:
        return self._cut(self._halted, **span)
