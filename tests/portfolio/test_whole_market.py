"""The whole of KOSPI, from its real prices to orders: what cannot be traded is named and left out, nothing is filled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sillok import clock, measures, risk
from sillok.errors import DataError
from sillok.portfolio import (
    Data,
    Limits,
    OrderPlan,
    Solution,
    Terms,
    Universe,
    minimum_variance,
    plan_orders,
    price_limits,
    select_universe,
    tick_size,
)

LOOKBACK = 250
AMOUNT = 100_000_000
LIMITS = Limits(max_weight=0.1, max_industry=0.3, max_names=25, min_position=0.01)


@dataclass
class Krx:
    """The newest year and a bit: sessions by issues, halts as the exchange told them (no price, no volume)."""

    close: pd.DataFrame
    value: pd.DataFrame
    halted: pd.DataFrame
    issues: pd.DataFrame


@pytest.fixture(scope="module")
def krx(krx_data: Path) -> Krx:
    listing = pd.read_csv(krx_data / "listing.csv", dtype={"symbol": str}).set_index("symbol")
    daily = pd.read_parquet(krx_data / "daily.parquet", columns=["symbol", "date", "high", "close", "volume"])
    daily = daily[daily["symbol"].isin(listing.index[listing["market"] == "KOSPI"])]
    high, close, volume = (
        daily.pivot(index="date", columns="symbol", values=c) for c in ("high", "close", "volume")
    )
    issues = pd.DataFrame(
        {
            "market": "KOSPI",
            "security_type": "ST",
            "industry": listing["industry"].reindex(close.columns).fillna("미분류"),
        }
    )
    return Krx(close, close * volume, high == 0, issues)


def solve_on(krx: Krx, last: int) -> tuple[Universe, Solution]:
    window = slice(last - LOOKBACK, last + 1)
    close, value, halted = (p.iloc[window] for p in (krx.close, krx.value, krx.halted))
    found = select_universe(krx.issues, close, value, halted, market="KOSPI", size=close.shape[1])
    model = risk.statistical_factors(measures.simple_returns(close[found.symbols]), factors=10)
    return found, minimum_variance(Data(model, industry=krx.issues.loc[found.symbols, "industry"]), LIMITS)


def terms_on(krx: Krx, last: int, symbols: pd.Index) -> Terms:
    ahead = clock.sessions(krx.close.index[last].date(), pd.Timestamp("2025-07-31").date())
    trade, settles = ahead[1], ahead[3]
    return Terms(
        trade, settles, 1.4, krx.issues.loc[symbols, "market"],
        halted=krx.halted.iloc[last][symbols], base=krx.close.iloc[last][symbols], reach_bps=50.0,
    )  # fmt: skip


@pytest.fixture(scope="module")
def solved(krx: Krx) -> tuple[Universe, Solution]:
    return solve_on(krx, len(krx.close) - 1)


@pytest.fixture(scope="module")
def first(krx: Krx) -> tuple[OrderPlan, Solution]:
    """Buy what the rule chose a hundred sessions before."""
    last = len(krx.close) - 101
    _, solution = solve_on(krx, last)
    w = solution.weights[solution.weights > 0]
    return plan_orders(
        w, krx.close.iloc[last][w.index], terms_on(krx, last, w.index), cash_krw=AMOUNT
    ), solution


def test_halted_and_new_issues_are_named_and_left_out(krx: Krx, solved: tuple[Universe, Solution]) -> None:
    found, solution = solved
    close, halted = krx.close.iloc[-LOOKBACK - 1 :], krx.halted.iloc[-1]
    new = set(close.columns[close.isna().any()])
    assert new == set(found.why.index[found.why == "short_history"])
    assert len(new) > 5
    stopped = set(halted.index[halted]) - new
    assert stopped == set(found.why.index[found.why == "halted_now"])
    assert len(stopped) > 5
    assert not (new | stopped) & set(solution.weights.index)
    assert len(found.symbols) + len(found.why) == krx.close.shape[1]
    assert not close[found.symbols].isna().any().any()


def test_twenty_five_of_eight_hundred_names_are_proven_the_best(solved: tuple[Universe, Solution]) -> None:
    found, solution = solved
    assert len(found.symbols) > 700
    held = solution.weights[solution.weights > 0]
    assert len(held) <= 25
    assert held.min() >= 0.01 - 1e-12
    assert held.max() <= 0.1 + 1e-12
    assert solution.gap <= 1e-9
    assert 0.03 < solution.vol_annual < 0.2


def test_the_first_purchase_is_nearest_and_paid_to_the_won(
    krx: Krx, first: tuple[OrderPlan, Solution]
) -> None:
    plan, solution = first
    assert plan.method == "exact"
    assert plan.cash_krw == AMOUNT - int(plan.orders[["value_krw", "commission_krw"]].to_numpy().sum()) >= 0
    assert (plan.orders["tax_krw"] == 0).all()
    assert float((plan.weights - solution.weights.reindex(plan.weights.index)).abs().max()) < 0.01
    last = len(krx.close) - 101
    for symbol, order in plan.orders.iterrows():
        day = terms_on(krx, last, plan.orders.index).on
        low, high = price_limits(krx.close.iloc[last][symbol], day)
        assert low <= order["limit_krw"] <= high
        assert order["limit_krw"] % tick_size(order["limit_krw"], day) == 0


def test_the_rebalancing_pays_each_sales_tax_and_keeps_what_is_halted(
    krx: Krx, first: tuple[OrderPlan, Solution], solved: tuple[Universe, Solution]
) -> None:
    plan, _ = first
    target = solved[1].weights[solved[1].weights > 0]
    # A holding that stopped trading since: the rule would not choose one, but a desk may be stuck with it.
    stuck = krx.halted.columns[krx.halted.iloc[-1] & krx.close.iloc[-1].notna()][0]
    holdings = pd.concat([plan.shares[plan.shares > 0], pd.Series({stuck: 100})])
    symbols = holdings.index.union(target.index)
    terms = terms_on(krx, len(krx.close) - 1, symbols)
    price = krx.close.iloc[-1][symbols].astype(float)
    after = plan_orders(target, price, terms, cash_krw=plan.cash_krw, holdings=holdings)

    assert after.halted == (stuck,)
    assert after.shares[stuck] == 100
    assert stuck not in after.orders.index
    sold = after.orders[after.orders["side"] == "sell"]
    assert len(sold) > 3
    # 2025: 0.15 % in all on KOSPI.
    assert list(sold["tax_krw"]) == [int(np.ceil(v * 15 / 10_000 - 1e-6)) for v in sold["value_krw"]]
    paid = after.orders["value_krw"].where(after.orders["side"] == "buy", -after.orders["value_krw"]).sum()
    assert after.cash_krw == plan.cash_krw - paid - after.cost_krw >= 0
    assert after.cost_krw == after.orders[["commission_krw", "tax_krw"]].to_numpy().sum()
    greedy = plan_orders(target, price, terms, cash_krw=plan.cash_krw, holdings=holdings, method="greedy")
    assert after.distance_krw <= greedy.distance_krw
    assert after.gap_krw <= greedy.gap_krw


def test_a_weight_on_an_issue_that_is_halted_today_is_refused_by_name(krx: Krx) -> None:
    stopped = krx.halted.columns[krx.halted.iloc[-1] & krx.close.iloc[-1].notna()][0]
    with pytest.raises(DataError, match=stopped):
        plan_orders(
            pd.Series({stopped: 1.0}),
            krx.close.iloc[-1][[stopped]].astype(float),
            terms_on(krx, len(krx.close) - 1, pd.Index([stopped])),
            cash_krw=AMOUNT,
        )


def test_orders_for_all_of_the_market_at_once_are_proven_or_say_their_gap(
    krx: Krx, solved: tuple[Universe, Solution]
) -> None:
    symbols = pd.Index(solved[0].symbols)
    equal = pd.Series(1 / len(symbols), symbols)
    price = krx.close.iloc[-1][symbols].astype(float)
    plan = plan_orders(equal, price, terms_on(krx, len(krx.close) - 1, symbols), cash_krw=300 * AMOUNT)
    assert plan.cash_krw >= 0
    assert plan.gap_krw == 0 if plan.method == "exact" else 0 < plan.gap_krw < 0.01 * plan.distance_krw
    assert (plan.weights > 0).sum() > 700
