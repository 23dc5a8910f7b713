"""The checks of a load are said in Korean, every one of them."""

from typing import Any

import pandas as pd
import pytest

from sillok.charts import check_table
from sillok.charts.check_words import CHECKS_KO, KINDS_KO, REASONS_KO
from sillok.ingest.checks import CHECKS, SEVERITIES
from sillok.ingest.checks.explain import EXPLANATIONS, FAULTS
from sillok.ingest.checks.run import BarCheck, StoreCheck


def checks(*rows: tuple[str, str, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["name", "severity", "count", "summary"]).set_index("name")


def test_every_check_of_a_load_has_korean_words() -> None:
    assert [check.name for check in CHECKS] == list(CHECKS_KO)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_severity_of_a_check_has_its_reason_in_both_languages(check: BarCheck | StoreCheck) -> None:
    assert set(REASONS_KO[check.name]) == set(check.reasons) <= set(SEVERITIES) - {"ok"}


def test_a_check_says_what_is_asked_how_grave_it_is_and_what_was_found() -> None:
    text = check_table(checks(("gaps", "warn", 1_234, "1234 issues"), ("indices", "ok", 0, "3 of 3"))).text
    found = " ".join(text.split())
    assert "종목마다 빠진 거래일이 없는가 주의 1,234종목에 빠진 날이 있음" in found
    assert "이상 없는 점검 정상 지수가 마지막 거래일까지 있는가" in found
    assert "issues" not in found


def test_english_keeps_the_words_of_the_check() -> None:
    assert "1234 issues" in check_table(checks(("gaps", "warn", 1_234, "1234 issues")), lang="en").text


def test_a_check_that_is_new_keeps_its_own_words() -> None:
    assert "3 odd things" in check_table(checks(("odd", "warn", 3, "3 odd things"))).text


def test_a_load_without_checks_says_so() -> None:
    assert "점검 기록이 없습니다" in check_table(checks()).text


def whole(**values: Any) -> pd.DataFrame:
    row = {
        "name": "moves",
        "severity": "warn",
        "previous": "ok",
        "count": 3,
        "summary": "3 moves",
        "reason": "why so",
    }
    row |= {
        "kinds": {"resumed": 13, "unexplained": 3},
        "examples": [{"symbol": "900010", "date": "2026-06-30"}],
    }
    return pd.DataFrame([row | values]).set_index("name")


def test_kinds_examples_reason_and_the_change_are_said() -> None:
    text = check_table(whole()).text
    for words in (
        "주의 (전에는 정상)",
        "3건이 설명되지 않음",
        "거래 재개 13",
        "900010 2026-06-30",
        "보유자가 번 것이",
    ):
        assert words in text
    english = check_table(whole(), lang="en").text
    assert "warn (was ok)" in english
    assert "why so" in english


def test_a_severity_that_did_not_change_is_not_said_to_have() -> None:
    assert "전에는" not in check_table(whole(previous="warn")).text
    assert "전에는" not in check_table(whole(previous=None)).text


def test_a_check_without_data_says_so_and_is_no_clean_bill() -> None:
    text = check_table(whole(name="rates", severity="info", count=0, kinds={}, examples=[])).text
    assert "볼 자료가 없는 점검" in text
    assert "이상 없" not in text


def test_the_gravest_stand_first_and_have_their_colour() -> None:
    shown = check_table(checks(("gaps", "ok", 0, ""), ("indices", "error", 1, ""), ("stale", "warn", 2, "")))
    lines = shown.text.splitlines()[2:]
    assert [next(word for word in ("오류", "주의", "정상") if word in line) for line in lines] == [
        "오류",
        "주의",
        "정상",
    ]
    assert shown.html.count("font-weight:600;white-space:nowrap") >= 3
    assert "error|" not in shown.html


def test_every_kind_of_a_move_has_a_korean_name() -> None:
    assert set(EXPLANATIONS) | set(FAULTS) <= set(KINDS_KO)
