"""The night's jobs, one after the other, on a small real market: sandbox, store, snapshot, kernel, page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from sillok.errors import ConfigError, MissingDataError, ParameterError, ResourceError, RunError, VendorError
from sillok.node import jobs
from sillok.node.night import StepsHere, make_night, run_nightly
from sillok.node.record import read_runs
from sillok.node.sandbox import ask_sandbox
from sillok.node.wiring import site_of
from sillok.pages.site import read_states
from sillok.settings import Settings
from tests.projects import FAILING, GOOD, write_notebook

Say = Callable[[str], None]


def test_a_night_loads_checks_freezes_runs_and_publishes(
    settings: Settings, say: Say, said: list[str]
) -> None:
    seen: set[str] = set()
    done = run_nightly(settings, say=say, progress=lambda stage, *_: seen.add(stage))
    assert (done["session"], done["state"]) == ("2026-06-30", "completed")
    assert {page["slug"] for page in done["pages"]} == {"good", "board"}
    assert any("sandbox" in line for line in said)
    assert {"listings", "daily_bars", "statements"} <= seen
    assert any(line.startswith("the plan through 2026-06-30: ") for line in said)
    states = read_states(site_of(settings))
    assert {state.snapshot_id for state in states.values()} == {done["snapshot_id"]}
    page = (site_of(settings) / "good" / "index.html").read_text(encoding="utf-8")
    assert "종목" in page
    assert "합성 데이터" in page
    assert f"{settings.port_voila}/voila/render/good.ipynb" in page
    assert (settings.home_path / "live" / "good.ipynb").read_bytes() == (
        settings.project / "notebooks" / "good.ipynb"
    ).read_bytes()
    assert ask_sandbox(settings) is None, "the sandbox outlived the load"

    # The same evening once more, with a notebook that has come to fail beside the good ones.
    write_notebook(settings.project / "notebooks" / "good.ipynb", FAILING, "good")
    with pytest.raises(RunError, match="지수가 비었습니다") as failure:
        run_nightly(settings, say=say)
    assert {p["slug"]: p["published"] for p in failure.value.detail["pages"]} == {
        "good": False,
        "board": True,
    }
    held = (site_of(settings) / "good" / "index.html").read_text(encoding="utf-8")
    assert states["good"].run_id in held, "the last good page is gone"
    assert "새 판을 내지 않았습니다" in held
    assert "지수가 비었습니다" in held
    failed = next(run for run in read_runs(settings) if run["status"] == "failed")
    assert failed["executed_key"]
    assert failed["snapshot_id"] == done["snapshot_id"], "the same content made another snapshot"

    # Wrong parameters leave no run behind.
    write_notebook(settings.project / "notebooks" / "good.ipynb", GOOD, "good")
    before = len(read_runs(settings))
    for wrong in ({"lookbak": "20"}, {"lookback": "4"}, {"lookback": "x"}):
        with pytest.raises(ParameterError, match=r"lookback: int 5\.\.60 = 20"):
            jobs.run_report(settings, "notebooks/good.ipynb", wrong)
    assert len(read_runs(settings)) == before
    with pytest.raises(MissingDataError, match="no snapshot begins with 00000000"):
        jobs.run_report(settings, "notebooks/good.ipynb", snapshot="00000000")
    run = jobs.run_report(
        settings, "notebooks/good.ipynb", {"lookback": "30"}, snapshot=done["snapshot_id"][:8]
    )
    assert run["parameters"] == {"lookback": 30}
    assert jobs.publish(settings, run["id"][:8])["published"]

    # A day later the data are late: the page stays, marked with its age.
    late = settings.model_copy(update={"now": settings.current_time().replace(month=7, day=1)})
    assert "2026-07-01" in jobs.publish(late, run["id"])["reason"]
    assert "거래일 1일 지난 자료입니다" in (site_of(settings) / "good" / "index.html").read_text(
        encoding="utf-8"
    )


class Noted(StepsHere):
    """The steps taken here, and their names."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self.names: list[str] = []

    def take(self, name: str, step: Callable[[Say], Any]) -> Any:
        self.names.append(name)
        return super().take(name, step)

    def take_side_by_side(self, steps: Mapping[str, Callable[[Say], Any]]) -> list[Any]:
        self.names += steps
        return super().take_side_by_side(steps)


def test_a_step_that_breaks_takes_nothing_from_the_others(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stands = {"load_id": "l"}, {"id": "0123456789abcdef"}
    monkeypatch.setattr(jobs, "load", lambda *_, **__: stands[0])
    monkeypatch.setattr(jobs, "check", lambda *_: [])
    monkeypatch.setattr(jobs, "freeze", lambda *_: stands[1])
    monkeypatch.setattr(jobs, "publish", lambda _, run: {"slug": run, "published": True, "reason": ""})

    def run(_: Settings, notebook: str, **__: object) -> dict[str, Any]:
        if "board" in notebook:
            raise ZeroDivisionError("ours, not the notebook's")
        return {"id": "r1", "status": "done"}

    monkeypatch.setattr(jobs, "run_report", run)
    noted = Noted()
    done = make_night(settings, noted)
    runs = {"run dashboards/board.ipynb", "run notebooks/good.ipynb"}
    assert noted.names[:3] == ["load", "check", "freeze"]
    assert set(noted.names[3:5]) == runs
    assert noted.names[5:] == ["publish r1"]
    assert (done["state"], done["broken"]) == ("failed", ["dashboards/board.ipynb"])
    assert done["message"] == "ZeroDivisionError: ours, not the notebook's"
    assert [page["slug"] for page in done["pages"]] == ["r1"]


def test_where_the_vendor_is_away_every_page_says_so_and_names_no_host(settings: Settings) -> None:
    away = settings.model_copy(
        update={"kis_url": f"http://127.0.0.1:{settings.port_sandbox}", "kis_rate": 0.0}
    )
    with pytest.raises(VendorError):
        run_nightly(away)
    states = read_states(site_of(settings))
    assert set(states) == {"good", "board"}
    assert {state.held_reason for state in states.values()} == {"오늘 밤 시세를 받지 못했습니다"}


def test_nothing_can_be_frozen_or_run_before_a_load(settings: Settings) -> None:
    with pytest.raises(MissingDataError, match="nothing is loaded"):
        jobs.freeze(settings)
    with pytest.raises(MissingDataError, match="no snapshot yet"):
        jobs.run_report(settings, "notebooks/good.ipynb")


@pytest.mark.parametrize(
    ("now", "session", "force", "due"),
    [
        ("2026-06-30T18:30:00+09:00", "", False, "2026-06-30"),
        ("2026-06-30T12:00:00+09:00", "", False, "2026-06-29"),
        ("2026-06-28T18:30:00+09:00", "", False, ""),  # a Sunday
        ("2026-06-28T18:30:00+09:00", "", True, "2026-06-26"),
        ("2026-06-28T18:30:00+09:00", "2026-06-26", False, "2026-06-26"),
        ("2026-12-31T18:30:00+09:00", "", False, ""),  # the exchange rests on the last day of the year
    ],
)
def test_a_night_is_about_the_last_closed_session_or_about_none(
    settings: Settings, now: str, session: str, force: bool, due: str
) -> None:
    from datetime import datetime

    at = settings.model_copy(update={"now": datetime.fromisoformat(now)})
    assert jobs.due_session(at, session, force=force) == due


def test_another_session_than_the_last_closed_one_is_refused(settings: Settings) -> None:
    for session in ("2026-06-29", "2026-07-01", "yesterday"):
        with pytest.raises(ConfigError, match="the last closed one is 2026-06-30"):
            jobs.due_session(settings, session)


def test_a_day_without_a_session_is_skipped_and_says_so(settings: Settings) -> None:
    from datetime import datetime

    sunday = settings.model_copy(update={"now": datetime.fromisoformat("2026-06-28T18:30:00+09:00")})
    assert run_nightly(sunday)["message"] == "skipped: 2026-06-28 is not a KRX session"
    assert not settings.home_path.exists()


def test_two_nights_do_not_run_side_by_side(settings: Settings) -> None:
    with jobs.night_lock(settings), pytest.raises(ResourceError, match="a nightly run already runs"):
        run_nightly(settings)
