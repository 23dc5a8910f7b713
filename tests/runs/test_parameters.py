"""Parameters cannot be code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sillok.errors import ParameterError
from sillok.runs.parameters import parse_parameters, read_parameters

CELL = """\
lookback: int = 250  # 거래일, 60..1000
amount: float = 1_000_000.0  # 원
universe: Literal["KOSPI", "KOSDAQ", "ALL"] = "KOSPI"
as_of: str = ""  # 빈 값: 가장 새것
lots: bool = True
codes: list[str] = []
"""


def test_defaults_are_given_when_nothing_is_asked() -> None:
    assert parse_parameters(CELL, "n").validate({}) == {
        "lookback": 250,
        "amount": 1_000_000.0,
        "universe": "KOSPI",
        "as_of": "",
        "lots": True,
        "codes": [],
    }


def test_text_is_read_as_the_type_that_the_parameter_has() -> None:
    given_text = {
        "lookback": "120",
        "amount": "5e8",
        "universe": "ALL",
        "lots": "false",
        "codes": '["005930"]',
    }
    typed = parse_parameters(CELL, "n").validate(given_text)
    assert (typed["lookback"], typed["amount"], typed["universe"], typed["lots"]) == (120, 5e8, "ALL", False)
    assert typed["codes"] == ["005930"]


@pytest.mark.parametrize(
    "values",
    [
        {"lookbak": 250},
        {"lookback": "59"},
        {"lookback": 1001},
        {"lookback": True},
        {"lookback": 60.5},
        {"lookback": "__import__('os').getpid()"},
        {"amount": "nan"},
        {"amount": float("inf")},
        {"universe": "NASDAQ"},
        {"lots": 1},
        {"codes": "[1]"},
        {"codes": "not json"},
        {"as_of": 20260630},
        {"as_of": "x" * 1001},
        {"os": "import os"},
        {"x = 1\nimport os\ny": "1"},
    ],
)
def test_an_unknown_name_or_a_wrong_value_is_refused_with_the_allowed_ones_listed(
    values: dict[str, object],
) -> None:
    with pytest.raises(ParameterError, match=r"Allowed: lookback: int 60\.\.1000 = 250; .*\"KOSDAQ\""):
        parse_parameters(CELL, "n").validate(values)


@pytest.mark.parametrize(
    "line",
    [
        "n = 3",
        "n: int",
        "n: int = 1 + 1",
        "n: int = open('/etc/passwd')",
        "import os",
        "n: bytes = b''",
        "n: Literal[open('x')] = 1",
        "_n: int = 1",
        "n: int = 'text'",
        "n: int = 5  # 10..20",
        "n: int = ",
    ],
)
def test_a_cell_that_holds_more_than_typed_literals_is_refused(line: str) -> None:
    with pytest.raises(ParameterError):
        parse_parameters(line, "n")


def test_reading_a_cell_executes_nothing(make_notebook: Callable[..., Path], tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    with pytest.raises(ParameterError):
        read_parameters(make_notebook(parameters=f"n: int = open({str(trap)!r}, 'w').write('x')"))
    assert not trap.exists()


def test_a_notebook_without_the_cell_accepts_nothing(make_notebook: Callable[..., Path]) -> None:
    schema = read_parameters(make_notebook("1 + 1"))
    assert schema.validate({}) == {}
    with pytest.raises(ParameterError, match="Allowed: none"):
        schema.validate({"n": 1})


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("hello")
    for path in (tmp_path / "a.ipynb", tmp_path / "missing.ipynb"):
        with pytest.raises(ParameterError):
            read_parameters(path)


@given(
    st.dictionaries(
        st.text(max_size=20), st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none())
    )
)
def test_whatever_comes_in_the_answer_is_either_typed_or_refused(values: dict[str, object]) -> None:
    schema = parse_parameters(CELL, "n")
    try:
        typed = schema.validate(values)
    except ParameterError:
        return
    assert set(typed) == {p.name for p in schema.parameters}
    assert type(typed["lookback"]) is int
    assert 60 <= typed["lookback"] <= 1000
