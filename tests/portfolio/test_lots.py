"""Whole lots: as near to the targets as the cash allows, by enumeration of everything where that can be done."""

import itertools
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError, SolverError
from sillok.portfolio import Terms, plan_orders, price_limits, tick_size
from sillok.portfolio.lots import choose_lots
from sillok.portfolio.methods.knapsack import Purse, cash_taken, distance, lower_bound

DAY, SETTLES = date(2026, 6, 30), date(2026, 7, 2)


def terms(symbols: list[str], **options: object) -> Terms:
    given = {"commission_bps": 1.4, "market": pd.Series("KOSPI", index=symbols)} | options
    return Terms(DAY, SETTLES, **given)  # type: ignore[arg-type]


@st.composite
def purses(draw: st.DrawFn, most: int = 4) -> Purse:
    N = draw(st.integers(1, most))
    value = np.array(draw(st.lists(st.integers(1_000, 90_000), min_size=N, max_size=N)), dtype=float)
    held = np.array(draw(st.lists(st.integers(0, 4), min_size=N, max_size=N)), dtype=float)
    wanted = np.array(draw(st.lists(st.floats(0, 4), min_size=N, max_size=N)))
    spread = draw(st.integers(0, 500))
    return Purse(
        value, value * (wanted - held), value + spread, value - spread, draw(st.floats(0, 0.01)),
        np.full(N, 0.002), -held, np.where(draw(st.booleans()), 0.0, np.full(N, np.inf)), draw(st.integers(0, 200_000)),
    )  # fmt: skip


def brute_force(purse: Purse) -> float:
    """Try every number of lots from selling all to twice the target."""
    ranges = [
        range(int(low), int(min(high, 10)) + 1) for low, high in zip(purse.low, purse.high, strict=True)
    ]
    tried = np.array(list(itertools.product(*ranges)), dtype=float)
    paid = sum(cash_taken(purse, i, tried[:, i]) for i in range(len(ranges)))
    off = ((tried * purse.value - purse.missing) ** 2).sum(axis=1)
    return float(off[paid <= purse.cash].min())


@settings(max_examples=150)
@given(purses())
def test_no_choice_of_lots_is_nearer_than_the_exact_one(purse: Purse) -> None:
    found = choose_lots(purse, "exact")
    assert distance(purse, found.lots) == pytest.approx(brute_force(purse), rel=1e-12, abs=1e-6)
    assert cash_taken(purse, slice(None), found.lots).sum() <= purse.cash
    assert found.method == "exact"


@settings(max_examples=100)
@given(purses(most=8), st.floats(0, 2))
def test_the_bound_lies_below_every_choice_the_cash_can_pay(purse: Purse, part: float) -> None:
    bound, feasible = lower_bound(purse)
    some = np.floor(np.clip(part * purse.missing / purse.value, purse.low, purse.high))
    for lots in (feasible, some):
        if cash_taken(purse, slice(None), lots).sum() <= purse.cash:
            assert bound.total <= distance(purse, lots) * (1 + 1e-12) + 1e-6
    assert cash_taken(purse, slice(None), feasible).sum() <= purse.cash


@settings(max_examples=60)
@given(purses(most=10))
def test_the_exact_lots_are_never_farther_than_greedys(purse: Purse) -> None:
    greedy = choose_lots(purse, "greedy")
    best = choose_lots(purse, "auto")
    assert best.distance_krw <= greedy.distance_krw * (1 + 1e-12)
    assert greedy.bound_krw <= best.distance_krw * (1 + 1e-12)


@settings(max_examples=60)
@given(purses(most=8))
def test_more_cash_never_ends_farther_from_the_targets(purse: Purse) -> None:
    poorer = choose_lots(purse._replace(cash=purse.cash // 2), "exact")
    assert choose_lots(purse, "exact").distance_krw <= poorer.distance_krw * (1 + 1e-12)


SHORT_OF_CASH = Purse(
    np.array([7.0, 11.0, 13.0]), np.array([50.0, 61.0, 72.0]), np.array([7.0, 11.0, 13.0]),
    np.array([7.0, 11.0, 13.0]), 0.0, np.zeros(3), np.zeros(3), np.full(3, np.inf), 100,
)  # fmt: skip


def test_a_proof_that_would_grow_too_large_is_not_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    best = choose_lots(SHORT_OF_CASH, "exact")
    monkeypatch.setattr("sillok.portfolio.lots._STATES", {"auto": 1})
    found = choose_lots(SHORT_OF_CASH, "auto")
    assert found.method == "bounded"
    assert found.bound_krw < best.distance_krw <= found.distance_krw


def test_exact_raises_with_its_bound_where_it_cannot_prove(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sillok.portfolio.lots._STATES", {"auto": 1, "exact": 1})
    with pytest.raises(SolverError, match="not proven") as caught:
        choose_lots(SHORT_OF_CASH, "exact")
    assert 0 < caught.value.detail["bound"] < caught.value.detail["best"]  # type: ignore[operator]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ConfigError, match="method"):
        plan_orders(
            pd.Series({"A": 1.0}), pd.Series({"A": 1.0}), terms(["A"]), cash_krw=9, method="best"  # type: ignore[arg-type]
        )  # fmt: skip


def test_a_halted_holding_is_kept_and_named_and_the_rest_is_traded() -> None:
    plan = plan_orders(
        pd.Series({"A": 0.5, "B": 0.5}),
        pd.Series({"A": 10_000.0, "B": 10_000.0, "C": 10_000.0}),
        terms(list("ABC"), commission_bps=0.0, halted=pd.Series({"A": False, "B": False, "C": True})),
        cash_krw=100_000,
        holdings=pd.Series({"C": 10}),
    )
    assert plan.halted == ("C",)
    assert "C" not in plan.orders.index
    assert dict(plan.shares) == {"A": 5, "B": 5, "C": 10}
    assert plan.amount_krw == 200_000


def test_a_halted_issue_that_is_wanted_and_not_held_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"halted .*\['B'\]") as caught:
        plan_orders(
            pd.Series({"A": 0.5, "B": 0.5}),
            pd.Series({"A": 10_000.0, "B": 10_000.0}),
            terms(["A", "B"], halted=pd.Series({"A": False, "B": True})),
            cash_krw=100_000,
        )
    assert caught.value.detail["symbols"] == ["B"]


def test_an_issue_of_which_no_halt_is_told_is_not_taken_for_tradable() -> None:
    with pytest.raises(DataError, match="whether B is halted"):
        plan_orders(
            pd.Series({"B": 1.0}),
            pd.Series({"B": 1_000.0}),
            terms(["B"], halted=pd.Series({"A": False})),
            cash_krw=9_000,
        )


@pytest.mark.parametrize("what", ["weights", "prices", "holdings"])
def test_an_issue_named_twice_is_refused_by_name(what: str) -> None:
    given = {
        "weights": pd.Series({"A": 0.5}),
        "prices": pd.Series({"A": 1_000.0}),
        "holdings": pd.Series({"A": 1}),
    }
    given[what] = pd.concat([given[what], given[what]])
    with pytest.raises(DataError, match=rf"{what} name 1 issues twice: \['A'\]"):
        plan_orders(
            given["weights"], given["prices"], terms(["A"]), cash_krw=9_000, holdings=given["holdings"]
        )


def test_orders_are_multiples_of_the_lot() -> None:
    plan = plan_orders(
        pd.Series({"A": 0.6, "B": 0.0}),
        pd.Series({"A": 1_000.0, "B": 1_000.0}),
        terms(["A", "B"], lot=10),
        cash_krw=500_000,
        holdings=pd.Series({"B": 47}),
    )
    assert (plan.orders["shares"] % 10 == 0).all()
    assert plan.shares["B"] == 7


@settings(max_examples=60)
@given(
    st.lists(st.integers(600, 900_000), min_size=1, max_size=6),
    st.floats(0, 2_900),
    st.integers(10_000, 100_000_000),
)
def test_every_limit_price_is_a_tick_within_the_days_limits(raw: list[int], reach: float, cash: int) -> None:
    symbols = [f"{i:06d}" for i in range(len(raw))]
    prices = pd.Series(raw, index=symbols, dtype=float)
    held = pd.Series(3, index=symbols)
    half = pd.Series(np.where(np.arange(len(raw)) % 2, 0.0, 1 / len(raw)), index=symbols)
    plan = plan_orders(
        half, prices, terms(symbols, base=prices, reach_bps=reach), cash_krw=cash, holdings=held
    )
    for symbol, order in plan.orders.iterrows():
        low, high = price_limits(prices[symbol], DAY)
        assert low <= order["limit_krw"] <= high
        assert order["limit_krw"] % tick_size(order["limit_krw"], DAY) == 0
    assert plan.cash_krw >= 0


def test_a_reference_price_beyond_the_limits_of_the_day_is_ordered_at_the_limit() -> None:
    plan = plan_orders(
        pd.Series({"A": 1.0}),
        pd.Series({"A": 20_000.0}),
        terms(["A"], base=pd.Series({"A": 10_000.0})),
        cash_krw=1_000_000,
    )
    assert plan.orders.loc["A", "limit_krw"] == 13_000


def test_an_issue_without_a_base_price_is_named() -> None:
    with pytest.raises(DataError, match="base price is given for A"):
        plan_orders(
            pd.Series({"A": 1.0}),
            pd.Series({"A": 20_000.0}),
            terms(["A"], base=pd.Series({"B": 1.0})),
            cash_krw=99_999,
        )
