"""The state of the portfolio explorer: choices in, an outcome out, and no widget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from sillok.errors import InfeasibleError, MissingDataError
from sillok.measures import simple_returns
from sillok.portfolio import Data, Engine, Limits, minimum_variance, select_universe, track_benchmark
from sillok.risk import estimate_covariance, portfolio_volatility, risk_contributions

if TYPE_CHECKING:
    from sillok.market import Market

__all__ = ["UNIVERSES", "Choice", "Explorer", "Outcome"]

UNIVERSES = {"KOSPI": "코스피", "KOSDAQ": "코스닥", "ALL": "전체"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person sets."""

    universe: str = "KOSPI"  # a key of UNIVERSES
    max_weight: float = 0.10  # position cap, part of the whole
    max_vol_annual: float | None = None  # risk limit a year; None: as little risk as there can be


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from a choice. ``holdings`` is empty where ``refusal`` says why."""

    choice: Choice
    holdings: pd.DataFrame  # largest first, by symbol: name, industry, weight, risk (part of the volatility)
    industries: pd.DataFrame  # by industry: own, equal (parts of the whole)
    vol_annual: float
    tracking_annual: float  # against the equally weighted universe
    least_vol: float  # what minimum variance reaches under the same cap
    equal_vol: float  # of the equally weighted universe
    universe_size: int
    refusal: str = ""


class Explorer:
    """Solve portfolios of one market as of one instant; each universe is estimated once.

    Without a risk limit the answer is the minimum-variance portfolio. With one it is the portfolio nearest to
    the equally weighted universe whose volatility stays within it, so that the limit moves the answer from the
    one to the other.
    """

    def __init__(self, market: Market, *, lookback: int, size: int, estimator: str) -> None:
        if len(market.sessions()) <= lookback:
            raise MissingDataError(
                f"a lookback of {lookback} sessions needs {lookback + 1}, the snapshot has {len(market.sessions())}; "
                "shorten it"
            )
        self._market = market
        self._lookback, self._size, self._estimator = lookback, size, estimator
        self._facts: dict[str, tuple[Data, pd.DataFrame]] = {}
        self._engine = Engine()  # a slider's next place is near its last

    def _estimate(self, universe: str) -> tuple[Data, pd.DataFrame]:
        if universe not in self._facts:
            start = self._market.sessions()[-self._lookback - 1]
            issues = self._market.issues()
            close = self._market.panel("close", start=start)
            value = close * self._market.panel("volume", start=start)
            halted = self._market.halted(start=start)
            chosen = select_universe(issues, close, value, halted, market=universe, size=self._size).symbols
            known = issues.loc[chosen, ["name", "industry"]].replace({"industry": {"": "미분류"}})
            covariance = estimate_covariance(simple_returns(close[chosen]), estimator=self._estimator)
            self._facts[universe] = (Data(covariance, known["industry"]), known)
        return self._facts[universe]

    def solve(self, choice: Choice) -> Outcome:
        """Return the outcome of ``choice``; a choice that nothing meets is an outcome with a refusal."""
        data, known = self._estimate(choice.universe)
        N = len(known)
        equal = pd.Series(1 / N, index=known.index)
        equal_vol = portfolio_volatility(equal, data.Sigma)
        if N * choice.max_weight < 1:
            why = f"{N}종목에 {choice.max_weight:.1%}씩으로는 전액을 담을 수 없습니다. 종목 상한을 {1 / N:.1%} 이상으로 올리세요."
            return self._refused(choice, known, why, least=float("nan"), equal=equal_vol)
        least = minimum_variance(data, Limits(max_weight=choice.max_weight), engine=self._engine)
        solution = least
        if choice.max_vol_annual is not None:
            try:
                limits = Limits(max_weight=choice.max_weight, max_vol_annual=choice.max_vol_annual)
                solution = track_benchmark(replace(data, benchmark=equal), limits, engine=self._engine)
            except InfeasibleError:
                why = (
                    f"변동성 {choice.max_vol_annual:.1%} 이하인 조합이 없습니다. 이 조건에서 가장 낮은 값은 "
                    f"{least.vol_annual:.1%}입니다. 위험 한도를 올리거나 종목 상한을 늦추세요."
                )
                return self._refused(choice, known, why, least=least.vol_annual, equal=equal_vol)
        w = solution.weights
        table = known.assign(weight=w, risk=risk_contributions(w, data.Sigma) / solution.vol_annual)
        return Outcome(
            choice=choice,
            holdings=table[table["weight"] > 0].sort_values("weight", ascending=False, kind="stable"),
            industries=pd.DataFrame(
                {"own": w.groupby(known["industry"]).sum(), "equal": equal.groupby(known["industry"]).sum()}
            ),
            vol_annual=solution.vol_annual,
            tracking_annual=portfolio_volatility(w - equal, data.Sigma),
            least_vol=least.vol_annual,
            equal_vol=equal_vol,
            universe_size=N,
        )

    @staticmethod
    def _refused(choice: Choice, known: pd.DataFrame, why: str, *, least: float, equal: float) -> Outcome:
        nothing = float("nan")
        return Outcome(
            choice=choice,
            holdings=known.iloc[:0].assign(weight=0.0, risk=0.0),
            industries=pd.DataFrame(columns=["own", "equal"], dtype=float),
            vol_annual=nothing,
            tracking_annual=nothing,
            least_vol=least,
            equal_vol=equal,
            universe_size=len(known),
            refusal=why,
        )
