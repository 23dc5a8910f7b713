"""Every notebook runs top to bottom on the reference market, and says what it said before."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from sillok.market import freeze
from sillok.objects import open_objects
from sillok.store import open_store
from sillok.store.tables import corporate_action, investor_day, load, rate_bar, raw_bar, statement
from tests.notebooks.catalogue import LIVE, NOTEBOOKS
from tests.reference import NOW, PROJECT, environment

_EXECUTE = """
import json, sys, papermill
nb = papermill.execute_notebook(
    sys.argv[1], sys.argv[2], json.loads(sys.argv[3]), kernel_name="python3", cwd=sys.argv[4], progress_bar=False
)
"""


def execute(
    path: Path, out: Path, home: Path, parameters: dict[str, object], **extra: str
) -> subprocess.CompletedProcess[str]:
    arguments = [str(path), str(out), json.dumps(parameters), str(PROJECT)]
    return subprocess.run(
        [sys.executable, "-c", _EXECUTE, *arguments],
        env=environment(home) | extra, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def home_of_bars(reference_home: Path, tmp_path: Path) -> Path:
    """Give the reference home as a source leaves it that has prices and indices alone."""
    home = tmp_path / "home"
    shutil.copytree(reference_home, home)
    store = open_store(f"sqlite:///{home / 'sillok.db'}")
    with store.begin() as conn:
        for table in (raw_bar, investor_day, statement, corporate_action, rate_bar):
            conn.execute(delete(table))
        load_id = conn.execute(select(load.c.id)).scalar_one()
    freeze(
        store, open_objects("", directory=home / "objects", cache=home / "cache"), load_id=load_id, now=NOW
    )
    store.engine.dispose()
    return home


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_gives_its_reference_outputs(path: Path, reference_home: Path, live_url: str) -> None:
    # A pytest of its own: nbval's cells know no fixtures, so the home comes by the environment, and this run's
    # strictness about warnings is not the kernel's.
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=60",
               "-c", "/dev/null", f"--rootdir={PROJECT}", "-p", "no:cacheprovider", "-p", "no:asyncio", "-q", str(path)]  # fmt: skip
    done = subprocess.run(
        command,
        env=environment(reference_home) | ({"SILLOK_KIS_URL": live_url} if path in LIVE else {}),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("market_today", {"market": "KOSDAQ", "lookback": 60, "top": 3}),
        ("market_today", {"as_of": "2025-03-03"}),
        ("fundamentals_and_flows", {"market": "KOSDAQ", "days": 5, "top": 3, "lookback": 60}),
        ("minimum_variance", {"universe": "KOSDAQ", "estimator": "identity", "amount_krw": 1_000_000}),
        ("minimum_variance", {"universe": "ALL", "size": 200, "max_weight": 0.03, "estimator": "sample"}),
        (
            "weights_to_orders",
            {
                "universe": "ALL",
                "amount_krw": 3_000_000,
                "max_names": 12,
                "held_days": 60,
                "risk_aversion": 60.0,
            },
        ),
        ("covariance_out_of_sample", {"universe": "ALL", "size": 150, "lookback": 120, "trial": 60}),
        ("frontier_and_constraints", {"size": 20, "lookback": 250, "max_turnover": 0.5}),
    ],
    ids=[
        "board",
        "holiday",
        "flows",
        "small",
        "wide",
        "a small account",
        "more issues than days",
        "frontier",
    ],
)
def test_a_report_runs_with_other_parameters(
    name: str, parameters: dict[str, object], reference_home: Path, tmp_path: Path
) -> None:
    done = execute(PROJECT / f"notebooks/{name}.ipynb", tmp_path / "out.ipynb", reference_home, parameters)
    assert done.returncode == 0, done.stderr[-4_000:]
    pictures = [
        o["metadata"]["image/png"]
        for c in json.loads((tmp_path / "out.ipynb").read_text())["cells"]
        for o in c.get("outputs", [])
        if "image/png" in o.get("data", {})
    ]
    assert len(pictures) >= 3
    assert all(p["alt"] and p["width"] == 900 for p in pictures)


def test_a_report_of_a_source_without_flows_and_statements_says_so(
    home_of_bars: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.ipynb"
    done = execute(PROJECT / "notebooks/fundamentals_and_flows.ipynb", out, home_of_bars, {"days": 5})
    assert done.returncode == 0, done.stderr[-4_000:]
    said = out.read_text()
    assert "이 스냅샷에는 투자자별 매매가 없습니다." in said
    assert "이 스냅샷에는 재무제표가 없습니다." in said
    assert "image/png" not in said


def test_a_run_cannot_look_beyond_its_instant(reference_home: Path, tmp_path: Path) -> None:
    done = execute(
        PROJECT / "notebooks/market_today.ipynb", tmp_path / "out.ipynb", reference_home, {"as_of": "2026-06-30"},
        SILLOK_AS_OF="2026-06-01T15:30:00+09:00",
    )  # fmt: skip
    assert done.returncode != 0
    assert "ask for an earlier as_of" in done.stderr


def test_an_impossible_limit_is_explained_in_the_notebook(reference_home: Path, tmp_path: Path) -> None:
    done = execute(
        PROJECT / "notebooks/minimum_variance.ipynb",
        tmp_path / "out.ipynb",
        reference_home,
        {"size": 5, "max_weight": 0.1},
    )
    assert done.returncode != 0
    assert "raise max_weight to 0.2" in done.stderr


def test_the_live_notebook_follows_the_issues_it_is_given(
    reference_home: Path, live_url: str, tmp_path: Path
) -> None:
    asked = {"symbols": "900010,900020", "count": 40}
    done = execute(
        PROJECT / "notebooks/live_quotes.ipynb",
        tmp_path / "out.ipynb",
        reference_home,
        asked,
        SILLOK_KIS_URL=live_url,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    shown = "".join(
        output["data"]["text/html"]
        if isinstance(output["data"]["text/html"], str)
        else "".join(output["data"]["text/html"])
        for cell in json.loads((tmp_path / "out.ipynb").read_text())["cells"]
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    )
    assert "합성 데이터" in shown
    assert "받은 소식 40건" in shown
    assert "<polyline" in shown


def test_a_run_cannot_open_the_live_stream(reference_home: Path, live_url: str, tmp_path: Path) -> None:
    snapshot = (reference_home / "snapshot").read_text()
    done = execute(
        PROJECT / "notebooks/live_quotes.ipynb", tmp_path / "out.ipynb", reference_home, {},
        SILLOK_KIS_URL=live_url, SILLOK_SNAPSHOT=snapshot,
    )  # fmt: skip
    assert done.returncode != 0
    assert "cannot ask the vendor" in done.stderr
