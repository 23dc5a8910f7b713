"""The main job as a newcomer meets it: one command, then pages, a live dashboard and JupyterLab in a browser."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROJECT = Path(__file__).resolve().parents[1]
SILLOK = Path(sys.executable).with_name("sillok")
PAGES = (
    "market-today",
    "minimum-variance",
    "weights-to-orders",
    "fundamentals-and-flows",
    "portfolio-explorer",
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Node:
    """A running `sillok up`, its environment, and the addresses that it told."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    urls: dict[str, str]
    told: Path

    def command(self, *words: str) -> dict[str, Any]:
        done = subprocess.run(
            [SILLOK, *words, "--json"],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return answer


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """Start everything in an empty home, as `make up` does; end it as Ctrl-C does, and look what is left."""
    home = tmp_path_factory.mktemp("home")
    first = free_port(run=5)
    ports = dict(zip(("ROOM", "VOILA", "LAB", "PREFECT", "SANDBOX"), range(first, first + 5), strict=True))
    outer = {k: v for k, v in os.environ.items() if not k.startswith(("SILLOK_", "PREFECT_"))}
    environment = {
        **outer,
        "SILLOK_HOME": str(home),
        "SILLOK_NOW": "2026-06-30T18:30:00+09:00",
        "LANG": "en_US.UTF-8",
        **{f"SILLOK_PORT_{name}": str(port) for name, port in ports.items()},
    }
    told = home / "told.txt"
    with told.open("w") as out:
        process = subprocess.Popen(
            [SILLOK, "up"], cwd=PROJECT, env=environment, stdout=out, stderr=subprocess.STDOUT, text=True
        )
    try:
        urls = _wait_until_ready(process, told)
        yield Node(process, environment, urls, told)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert process.returncode == 0, told.read_text()
    assert "no process is left" in told.read_text()
    assert _processes_of(home) == []


def _wait_until_ready(process: subprocess.Popen[str], told: Path) -> dict[str, str]:
    until = time.monotonic() + 400
    while "Ready." not in told.read_text():
        assert process.poll() is None, told.read_text()
        assert time.monotonic() < until, told.read_text()
        time.sleep(0.3)
    found = re.findall(r"^(\w[\w ]*?) {2,}(http\S+)$", told.read_text(), re.MULTILINE)
    return {name: url.rstrip("/") for name, url in found}


def _processes_of(home: Path) -> list[str]:
    """Return the command lines of the processes whose environment names ``home``; our own children aside."""
    needle = f"SILLOK_HOME={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if needle in (entry / "environ").read_bytes().split(b"\0"):
                found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    return found


@pytest.fixture
def page(browser: Browser, node: Node) -> Iterator[Page]:
    """Open an empty page that remembers every address it asked for and every one that failed."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(90_000)
    yield page
    page.close()


def _foreign(page: Page) -> list[str]:
    """Start to note what ``page`` asks of other hosts, and what it does not get."""
    noted: list[str] = []
    page.on(
        "request",
        lambda r: noted.append(r.url) if not re.match(r"(http://127|ws://127|data:|blob:)", r.url) else None,
    )
    page.on("requestfailed", lambda r: noted.append(f"failed: {r.url}"))
    return noted


def test_the_record_says_what_each_page_was_made_of(node: Node) -> None:
    runs = node.command("runs")["runs"]
    assert {run["status"] for run in runs} == {"done"}
    assert len(runs) == len(PAGES)
    assert len({run["snapshot_id"] for run in runs}) == 1
    lock_hash = {run["lock_hash"] for run in runs}
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in lock_hash | {runs[0]["source_hash"]})


def test_a_second_load_adds_nothing(node: Node) -> None:
    counts = node.command("ingest")["counts"]
    assert {name: n["inserted"] + n["changed"] for name, n in counts.items()} == dict.fromkeys(counts, 0)
    assert node.command("freeze")["id"] == node.command("runs")["runs"][0]["snapshot_id"]


def test_the_index_shows_every_page_and_says_that_the_market_is_synthetic(node: Node, page: Page) -> None:
    noted = _foreign(page)
    page.goto(node.urls["Reading room"])
    assert page.locator("a[href*='market-today']").count()
    assert page.locator("a[href*='minimum-variance']").count()
    assert page.locator("a[href*='portfolio-explorer']").count()
    assert "합성 데이터" in page.inner_text("body")
    assert "2026년 6월 30일" in page.inner_text("body")
    assert page.evaluate("document.fonts.check('16px Pretendard', '가')")
    assert noted == []


@pytest.mark.parametrize("slug", PAGES)
def test_a_page_names_its_instant_and_snapshot_and_draws_its_figures(
    node: Node, page: Page, slug: str
) -> None:
    noted = _foreign(page)
    page.goto(f"{node.urls['Reading room']}/{slug}/")
    text = page.inner_text("body")
    assert node.command("runs")["runs"][0]["snapshot_id"][:12] in text
    assert "2026년 6월 30일" in text
    assert "합성 데이터" in text
    assert "Traceback" not in text
    widths = page.eval_on_selector_all("main img", "all => all.map(i => i.naturalWidth)")
    assert widths
    assert min(widths) > 600
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert noted == []


def test_a_stakeholder_moves_the_live_dashboard_and_sees_the_weights_change(node: Node, page: Page) -> None:
    noted = _foreign(page)
    page.goto(f"{node.urls['Reading room']}/portfolio-explorer/")
    page.get_by_role("link", name="직접 움직여 보기").first.click()
    page.get_by_role("button", name="코스닥").wait_for()
    page.get_by_text("코스피 거래대금 상위").first.wait_for()
    before = page.locator(".jp-OutputArea img").first.get_attribute("src")
    page.get_by_role("button", name="코스닥").click()
    page.get_by_text("코스닥 거래대금 상위").first.wait_for()
    page.wait_for_function(
        "old => { const i = document.querySelector('.jp-OutputArea img'); return i && i.src !== old }",
        arg=before,
    )
    assert noted == []


def test_the_live_list_names_what_it_opens(node: Node, page: Page) -> None:
    page.goto(node.urls["Voila"])
    assert sorted(page.locator("ul.choices a").all_inner_texts()) == [
        "비중에서 주문까지",
        "수급과 밸류에이션",
        "오늘의 시장",
        "최소분산 포트폴리오",
        "포트폴리오 탐색",
    ]


def test_voila_lets_nobody_run_code(node: Node) -> None:
    for address in ("api/kernels", "api/contents", "api/terminals", "lab"):
        request = urllib.request.Request(f"{node.urls['Voila']}/{address}", method="POST", data=b"{}")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        with refused.value:  # it holds the connection
            assert refused.value.code in {403, 404, 405}


def test_jupyterlab_opens_with_the_notebooks_and_the_projects_kernel(node: Node, page: Page) -> None:
    page.goto(node.urls["JupyterLab"])
    page.get_by_role("region", name="Launcher").or_(page.locator(".jp-Launcher")).first.wait_for()
    cards = page.locator(".jp-LauncherCard[data-category='Notebook']")
    cards.first.wait_for()
    assert cards.locator(".jp-LauncherCard-label").all_inner_texts() == ["Sillok"]
    assert page.locator(".jp-DirListing-item", has_text="notebooks").count() == 1
