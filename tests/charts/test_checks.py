"""The checks of a load are said in Korean, every one of them."""

import ast
from pathlib import Path

import pandas as pd

import sillok.ingest.checks
from sillok.charts import check_table
from sillok.charts.checks import CHECKS_KO


def checks(*rows: tuple[str, str, int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["name", "severity", "count", "summary"]).set_index("name")


def test_every_check_of_a_load_has_korean_words() -> None:
    tree = ast.parse(Path(sillok.ingest.checks.__file__).read_text())
    named = {
        ast.literal_eval(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "CheckResult"
    }
    assert named == set(CHECKS_KO)


def test_a_check_says_what_is_asked_how_grave_it_is_and_what_was_found() -> None:
    text = check_table(checks(("gaps", "warn", 1_234, "1234 issues"), ("indices", "ok", 0, "3 of 3"))).text
    found = " ".join(text.split())
    assert "종목마다 빠진 거래일이 없는가 주의 1,234종목에 빠진 날이 있음" in found
    assert "지수가 마지막 거래일까지 있는가 정상 이상 없음" in found
    assert "issues" not in found


def test_english_keeps_the_words_of_the_check() -> None:
    assert "1234 issues" in check_table(checks(("gaps", "warn", 1_234, "1234 issues")), lang="en").text


def test_a_check_that_is_new_keeps_its_own_words() -> None:
    assert "3 odd things" in check_table(checks(("odd", "warn", 3, "3 odd things"))).text


def test_a_load_without_checks_says_so() -> None:
    assert "점검 기록이 없습니다" in check_table(checks()).text
