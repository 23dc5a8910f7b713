"""A page is up whole, or the last good one stays with its age and the reason."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from sillok.errors import ResourceError
from sillok.pages import build_index, hold, publish
from sillok.pages.site import read_states
from sillok.runs import Decision, NotebookInfo, RunRecord

NOW = datetime(2026, 6, 30, 10, 0, tzinfo=UTC)
INFO = NotebookInfo(Path("notebooks/good.ipynb"), "good", "report", "오늘의 <시장>", "The market")
RUN = RunRecord(
    id="ab12" * 8, notebook="notebooks/good.ipynb", title="t", status="done", parameters={"lookback": 250},
    source_hash="1" * 64, commit="2" * 40, lock_hash="3" * 64, snapshot_id="cd34" * 16,
    as_of=datetime(2026, 6, 30, 6, 30, tzinfo=UTC), started_at=NOW,
)  # fmt: skip
PASS, REFUSED = Decision(True, "통과"), Decision(False, "자료가 <늦습니다>")
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def executed(
    *outputs: nbformat.NotebookNode, prose: str = "# 얼마나 올랐나?\n\n답입니다."
) -> nbformat.NotebookNode:
    document = nbformat.v4.new_notebook()
    document.cells = [
        nbformat.v4.new_markdown_cell(prose),
        nbformat.v4.new_code_cell("secret_of_the_parameters = 1", metadata={"tags": ["injected-parameters"]}),
        nbformat.v4.new_code_cell("draw()", outputs=list(outputs)),
    ]
    return document


def figure() -> nbformat.NotebookNode:
    return nbformat.v4.new_output("display_data", data={"image/png": PNG, "text/plain": "<Figure>"})


def put(
    site: Path, decision: Decision = PASS, run: RunRecord = RUN, now: datetime = NOW, lang: str = "ko"
) -> str:
    document = executed(figure(), nbformat.v4.new_output("stream", name="stderr", text="a warning"))
    done = publish(
        run,
        document,
        decision,
        info=INFO,
        site=site,
        now=now,
        source="synthetic",
        live_url="http://v/x",
        lang=lang,
    )
    return done.path.read_text(encoding="utf-8")


def test_a_page_names_its_question_as_of_source_run_snapshot_and_live_address(tmp_path: Path) -> None:
    page = put(tmp_path)
    for said in (
        "<h1>얼마나 올랐나?</h1>", "2026년 6월 30일 (화) 15:30", "합성 데이터", RUN.id, RUN.snapshot_id,
        "lookback = 250", 'href="http://v/x"', "직접 움직여 보기", "오늘의 &lt;시장&gt;", 'lang="ko"', RUN.commit,
    ):  # fmt: skip
        assert said in page
    assert "secret_of_the_parameters" not in page
    assert "a warning" not in page
    assert page.count("얼마나 올랐나?") == 1


def test_a_page_runs_no_script_and_asks_nobody_else(tmp_path: Path) -> None:
    asked: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag != "script"
            asked.extend(value or "" for name, value in attrs if name in {"src", "href"})

    Reader().feed(put(tmp_path))
    Reader().feed(build_index(tmp_path).read_text(encoding="utf-8"))
    assert all(a.startswith(("../", "./", "assets/", "good/", "data:", "http://v/x")) for a in asked)
    css = (tmp_path / "assets" / "sillok.css").read_text(encoding="utf-8")
    assert "http" not in css
    assert (tmp_path / "assets" / "Pretendard-Regular.otf").stat().st_size > 1_000_000


def test_a_refused_run_leaves_the_last_good_page_with_its_age_and_the_reason(tmp_path: Path) -> None:
    good = put(tmp_path)
    later = replace(RUN, id="ef56" * 8)
    held = put(tmp_path, REFUSED, later, NOW + timedelta(days=2))
    assert RUN.id in held
    assert later.id not in held
    assert "자료가 &lt;늦습니다&gt;" in held
    assert "거래일 2일 지난 자료입니다" in held
    assert (
        held.replace(held[held.index("<!--notice-->") : held.index("<!--/notice-->")], "<!--notice-->")
        == good
    )
    state = read_states(tmp_path)["good"]
    assert (state.run_id, state.held_run_id, state.held_reason) == (RUN.id, later.id, REFUSED.reason)
    index = build_index(tmp_path).read_text(encoding="utf-8")
    assert "보류 중" in index
    assert "자료가 &lt;늦습니다&gt;" in index


def test_the_next_good_run_takes_the_notice_away(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, REFUSED, now=NOW + timedelta(days=2))
    assert "새 판을 내지 않았습니다" not in put(tmp_path, now=NOW + timedelta(days=3))
    assert read_states(tmp_path)["good"].held_reason == ""


def test_a_second_refusal_takes_the_place_of_the_first(tmp_path: Path) -> None:
    put(tmp_path)
    for reason in ("첫 이유", "둘째 이유"):
        page = hold(INFO, reason, site=tmp_path, now=NOW, lang="ko", notebook="n").path.read_text(
            encoding="utf-8"
        )
    assert "첫 이유" not in page
    assert page.count("둘째 이유") == 1


def test_a_page_that_was_never_good_says_so(tmp_path: Path) -> None:
    page = put(tmp_path, REFUSED)
    assert "아직 발행된 적이 없습니다" in page
    assert RUN.id not in page
    assert "미발행" in build_index(tmp_path).read_text(encoding="utf-8")


def test_a_full_disk_leaves_the_last_good_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = put(tmp_path)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError, match="No space left"):
        put(tmp_path, run=replace(RUN, id="ef56" * 8))
    assert (tmp_path / "good" / "index.html").read_text(encoding="utf-8") == good
    assert not list(tmp_path.rglob(".draft-*"))


def test_english_pages_speak_english(tmp_path: Path) -> None:
    page = put(tmp_path, lang="en")
    assert 'lang="en"' in page
    assert "Synthetic data" in page
    assert "Tue 30 June 2026 15:30 KST" in page


def test_the_index_shows_the_newest_session_and_each_page_with_its_figure(tmp_path: Path) -> None:
    put(tmp_path)
    index = build_index(tmp_path).read_text(encoding="utf-8")
    assert "2026년 6월 30일 (화)" in index
    assert 'src="good/figure.png"' in index
    assert (tmp_path / "good" / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_an_empty_site_says_what_makes_the_first_page(tmp_path: Path) -> None:
    assert "아직 페이지가 없습니다" in build_index(tmp_path).read_text(encoding="utf-8")
