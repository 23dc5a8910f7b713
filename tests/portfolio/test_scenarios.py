"""Scenarios are refused with the names of the issues that are at fault."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sillok.errors import DataError
from sillok.portfolio.scenarios import Scenarios

RETURNS = pd.DataFrame([[0.01, -0.02], [0.0, 0.03], [-0.04, 0.01]], columns=["005930", "000660"])


def test_probabilities_are_alike_unless_given() -> None:
    assert Scenarios(RETURNS).arrays()[1].tolist() == [1 / 3] * 3
    given = pd.Series([0.5, 0.25, 0.25])
    assert Scenarios(RETURNS, given).arrays()[1].tolist() == [0.5, 0.25, 0.25]


def test_a_gap_is_refused_by_the_issues_name() -> None:
    holed = RETURNS.copy()
    holed.loc[1, "000660"] = np.nan
    with pytest.raises(DataError, match="000660") as caught:
        Scenarios(holed)
    assert caught.value.detail["symbols"] == ["000660"]


def test_an_issue_named_twice_is_refused() -> None:
    with pytest.raises(DataError, match="twice") as caught:
        Scenarios(RETURNS.set_axis(["005930", "005930"], axis=1))
    assert caught.value.detail["symbols"] == ["005930"]


@pytest.mark.parametrize(
    ("returns", "words"),
    [(RETURNS.iloc[:, :0], "no issue"), (RETURNS.iloc[:0], "no scenario")],
    ids=["no issue", "no scenario"],
)
def test_nothing_is_refused(returns: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Scenarios(returns)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (pd.Series([0.5, 0.6, -0.1]), "negative or missing"),
        (pd.Series([0.5, 0.5, np.nan]), "negative or missing"),
        (pd.Series([0.5, 0.5, 0.5]), "add up to 1.5"),
        (pd.Series([0.5, 0.25, 0.25], index=[1, 2, 3]), "not on the index"),
    ],
    ids=["negative", "missing", "too much", "misaligned"],
)
def test_probabilities_that_are_none_are_refused(given: pd.Series, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Scenarios(RETURNS, given)


@pytest.mark.parametrize("name", ["industry", "previous"])
def test_facts_on_other_labels_are_refused(name: str) -> None:
    fact = pd.Series([0.5, 0.5], index=["005930", "035720"])
    with pytest.raises(DataError, match=name) as caught:
        Scenarios(RETURNS, **{name: fact})
    assert set(caught.value.detail["symbols"]) == {"000660", "035720"}
