"""The room's README says what the methods and the schema say."""

from __future__ import annotations

from pathlib import Path

from sillok.kis.reference import reference

README = Path(__file__).parents[2] / "lib" / "sillok" / "kis" / "README.md"


def test_the_readme_is_what_the_methods_and_the_schema_say() -> None:
    assert README.read_text("utf-8") == reference(), (
        "run python -m sillok.kis.reference > lib/sillok/kis/README.md"
    )


def test_the_readme_names_units_and_the_paper_host() -> None:
    text = reference()
    assert "`sales_krw` int, KRW" in text
    assert "| `order_book` |" in text
    assert "`OverseasBar` | `market`" in text
