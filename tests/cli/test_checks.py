"""`sillok checks`: the newest load's checks for people and machines, and an exit code for errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from sillok.cli import app, words
from sillok.clock import KST
from sillok.errors import MissingDataError
from sillok.store import Store, open_store
from sillok.store.tables import check_result, load

NIGHT = datetime(2026, 6, 30, 18, 30, tzinfo=KST)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    url = f"sqlite:///{tmp_path / 's.db'}"
    monkeypatch.setenv("SILLOK_HOME", str(tmp_path))
    monkeypatch.setenv("SILLOK_DATABASE_URL", url)
    monkeypatch.setenv("SILLOK_LANG", "en")
    words.language.cache_clear()
    store = open_store(url)
    store.migrate()
    yield store
    store.engine.dispose()
    words.language.cache_clear()


def add_load(store: Store, load_id: str, hour: int, **severities: str) -> None:
    with store.begin() as conn:
        about = {"id": load_id * 32, "source": "synthetic", "status": "done", "through": date(2026, 6, 30)}
        conn.execute(insert(load), [about | {"started_at": NIGHT.replace(hour=hour)}])
        for name, severity in severities.items():
            row = {
                "load_id": load_id * 32,
                "name": name,
                "severity": severity,
                "count": 3,
                "summary": f"3 of {name}",
            }
            row |= {"previous": "ok", "kinds": {}, "reason": f"so grave is {name}"}
            conn.execute(
                insert(check_result), [row | {"examples": [{"symbol": "900010", "date": "2026-06-30"}]}]
            )


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["checks", *arguments])


def test_the_newest_load_is_shown_the_gravest_first(store: Store) -> None:
    add_load(store, "a", 18, moves="error")
    add_load(store, "b", 19, gaps="ok", moves="warn")
    shown = ask()
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert lines[0] == "load bbbbbbbbbbbb through 2026-06-30 (synthetic)"
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == ["warn", "ok"]
    assert "(was ok)" in shown.stdout
    assert "so grave is moves" in shown.stdout


def test_an_error_ends_with_the_code_of_data_and_is_still_shown_whole(store: Store) -> None:
    add_load(store, "a", 18, gaps="ok", moves="error")
    shown = ask("--json")
    assert shown.exit_code == 3
    told = json.loads(shown.stdout.splitlines()[-1])
    assert (told["errors"], [check["name"] for check in told["checks"]]) == (["moves"], ["gaps", "moves"])


def test_one_check_is_shown_with_all_that_it_names(store: Store) -> None:
    add_load(store, "a", 18, gaps="ok", moves="warn")
    shown = ask("moves")
    assert shown.exit_code == 0
    assert "symbol=900010 date=2026-06-30" in shown.stdout
    assert "gaps" not in shown.stdout


def test_an_older_load_is_chosen_by_the_beginning_of_its_id(store: Store) -> None:
    add_load(store, "a", 18, moves="warn")
    add_load(store, "b", 19, gaps="ok")
    assert "load aaaaaaaaaaaa" in ask("--load", "aa").stdout


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("--load", "ff")])
def test_what_is_not_there_is_said_with_what_to_do(store: Store, arguments: tuple[str, ...]) -> None:
    if arguments == ("nothing",):
        add_load(store, "a", 18, gaps="ok")
    error = ask(*arguments).exception
    assert isinstance(error, MissingDataError)
    assert "sillok ingest" in str(error) or "there are gaps" in str(error)


def test_korean_readers_get_korean(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILLOK_LANG", "ko")
    words.language.cache_clear()
    add_load(store, "a", 18, moves="warn")
    assert "주의 (전에는 정상)" in ask().stdout
