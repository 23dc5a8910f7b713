"""Orders: whole shares, on ticks, never more than the money."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError
from sillok.portfolio import Terms, plan_orders, tick_size

DAY, SETTLES = date(2026, 6, 30), date(2026, 7, 2)


def terms(symbols: list[str], bps: float = 1.4, settles: date = SETTLES, day: date = DAY) -> Terms:
    return Terms(day, settles, bps, pd.Series("KOSPI", index=symbols))


@st.composite
def cases(draw: st.DrawFn) -> tuple[pd.Series, pd.Series, int, float, pd.Series]:
    N = draw(st.integers(1, 12))
    symbols = [f"{i:06d}" for i in range(N)]
    raw = np.array(draw(st.lists(st.floats(0, 1), min_size=N, max_size=N)))
    weights = pd.Series(raw / max(raw.sum(), 1.0), index=symbols)
    prices = pd.Series(
        draw(st.lists(st.integers(100, 900_000), min_size=N, max_size=N)), index=symbols, dtype=float
    )
    held = pd.Series(draw(st.lists(st.integers(0, 300), min_size=N, max_size=N)), index=symbols)
    return weights, prices, draw(st.integers(0, 300_000_000)), draw(st.floats(0, 50)), held


@settings(max_examples=150, deadline=None)
@given(cases())
def test_buying_never_costs_more_than_the_amount(case: tuple) -> None:
    weights, prices, cash, bps, _ = case
    plan = plan_orders(weights, prices, terms(list(weights.index), bps), cash_krw=cash)
    spent = int(plan.orders["value_krw"].sum() + plan.orders["commission_krw"].sum())
    assert plan.cash_krw == cash - spent >= 0
    assert (plan.orders["side"] == "buy").all()
    assert (plan.orders["shares"] >= 1).all()
    assert all(price % tick_size(price, DAY) == 0 for price in plan.orders["limit_krw"])


@settings(max_examples=150, deadline=None)
@given(cases())
def test_rebalancing_keeps_every_won_accounted_for(case: tuple) -> None:
    weights, prices, cash, bps, held = case
    plan = plan_orders(weights, prices, terms(list(weights.index), bps), cash_krw=cash, holdings=held)
    sign = np.where(plan.orders["side"] == "buy", -1, 1)
    fees = plan.orders["commission_krw"] + plan.orders["tax_krw"]
    assert plan.cash_krw == cash + int((sign * plan.orders["value_krw"] - fees).sum()) >= 0
    assert (plan.shares >= 0).all()
    assert plan.cost_krw == int(fees.sum())
    assert plan.orders.index.is_unique


@settings(max_examples=60, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_issues_does_not_matter(case: tuple, random: object) -> None:
    weights, prices, cash, bps, _ = case
    order = list(weights.index)
    random.shuffle(order)  # type: ignore[attr-defined]
    one = plan_orders(weights, prices, terms(order, bps), cash_krw=cash)
    other = plan_orders(weights[order], prices[order], terms(order, bps), cash_krw=cash)
    pd.testing.assert_series_equal(one.shares.sort_index(), other.shares.sort_index())


def test_what_is_left_is_less_than_the_cheapest_share_still_wanted() -> None:
    weights = pd.Series({"A": 0.5, "B": 0.5})
    prices = pd.Series({"A": 30_000.0, "B": 70_000.0})
    plan = plan_orders(weights, prices, terms(["A", "B"], 0), cash_krw=1_000_000)
    assert dict(plan.shares) == {"A": 17, "B": 7}
    assert plan.cash_krw == 0


def test_a_sale_pays_commission_and_the_tax_of_its_settlement() -> None:
    sold = {}
    for year, settles in ((2025, date(2025, 7, 2)), (2026, date(2026, 7, 2))):
        plan = plan_orders(
            pd.Series({"A": 0.0}),
            pd.Series({"A": 10_000.0}),
            terms(["A"], 1.4, settles, date(year, 6, 30)),
            cash_krw=0,
            holdings=pd.Series({"A": 100}),
        )
        sold[year] = plan.orders.loc["A"]
        assert plan.cash_krw == 1_000_000 - plan.cost_krw
    assert sold[2025]["tax_krw"] == 1_500
    assert sold[2026]["tax_krw"] == 2_000
    assert sold[2026]["commission_krw"] == 140


def test_an_issue_held_but_not_wanted_is_sold_whole() -> None:
    plan = plan_orders(
        pd.Series({"A": 1.0}),
        pd.Series({"A": 10_000.0, "B": 5_000.0}),
        terms(["A", "B"]),
        cash_krw=0,
        holdings=pd.Series({"B": 10}),
    )
    assert plan.orders.loc["B", "side"] == "sell"
    assert plan.shares["B"] == 0
    assert plan.shares["A"] == 4


def test_a_portfolio_on_target_needs_no_order() -> None:
    plan = plan_orders(
        pd.Series({"A": 0.5, "B": 0.5}),
        pd.Series({"A": 10_000.0, "B": 10_000.0}),
        terms(["A", "B"]),
        cash_krw=0,
        holdings=pd.Series({"A": 10, "B": 10}),
    )
    assert plan.orders.empty
    assert plan.cash_krw == 0


def test_too_little_money_buys_nothing_and_stays_whole() -> None:
    plan = plan_orders(pd.Series({"A": 1.0}), pd.Series({"A": 900_000.0}), terms(["A"]), cash_krw=500_000)
    assert plan.orders.empty
    assert plan.cash_krw == 500_000


@pytest.mark.parametrize("price", [np.nan, 0.0, -5.0])
def test_an_issue_without_a_price_is_named(price: float) -> None:
    with pytest.raises(DataError, match="A"):
        plan_orders(pd.Series({"A": 1.0}), pd.Series({"A": price}), terms(["A"]), cash_krw=1_000)


def test_weights_that_cannot_be_paid_are_refused() -> None:
    for bad in ({"A": 1.2}, {"A": -0.1}, {"A": np.nan}):
        with pytest.raises(DataError, match="weights must be"):
            plan_orders(pd.Series(bad), pd.Series({"A": 1_000.0}), terms(["A"]), cash_krw=1_000)


def test_parts_of_shares_cannot_be_held() -> None:
    with pytest.raises(DataError, match="whole shares"):
        plan_orders(
            pd.Series({"A": 1.0}),
            pd.Series({"A": 1_000.0}),
            terms(["A"]),
            cash_krw=0,
            holdings=pd.Series({"A": 1.5}),
        )


def test_terms_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="commission_bps"):
        terms(["A"], bps=-1)
    with pytest.raises(ConfigError, match="cannot settle before"):
        terms(["A"], settles=date(2026, 6, 29))
    with pytest.raises(ConfigError, match="cash_krw"):
        plan_orders(pd.Series({"A": 1.0}), pd.Series({"A": 1_000.0}), terms(["A"]), cash_krw=-1)
