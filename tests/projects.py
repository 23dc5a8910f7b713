"""A small project in a folder of its own, with quick notebooks, on free ports: for tests of jobs and nodes."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat

from tests.servers import free_port

__all__ = ["FAILING", "GOOD", "WIDGETS", "free_ports", "make_project", "write_notebook"]

ROOT = Path(__file__).resolve().parents[1]

GOOD = (
    "from sillok import desk\nd = desk.open()\nd.banner()",
    "lookback: int = 20  # 거래일, 5..60",
    "close = d.market.panel('close')\nprint('종목', close.shape[1], '거래일', min(lookback, len(close)))",
)
FAILING = ("print('여기까지는 좋았다')", "n: int = 1  # 1..3", "raise ValueError('지수가 비었습니다')")
WIDGETS = (
    "import ipywidgets as w\nout = w.Output()\nwith out:\n    print('비중 60%')",
    "limit: float = 0.15  # 연 변동성, 0.05..0.4",
    "w.VBox([w.FloatSlider(value=limit, description='위험 한도'), w.Dropdown(options=['코스피', '코스닥'], "
    "description='시장'), w.HTML('<b>예상 12%</b>'), out])",
)


def write_notebook(
    path: Path, cells: tuple[str, str, str], slug: str, *, kind: str = "report", title: str = "시험 보고서"
) -> Path:
    """Write a notebook: heading, imports, parameters, result."""
    document = nbformat.v4.new_notebook()
    document.metadata["kernelspec"] = {"name": "sillok", "display_name": "Sillok", "language": "python"}
    document.metadata["sillok"] = {"title": title, "title_en": "A trial", "slug": slug, "kind": kind}
    first, parameters, last = cells
    document.cells = [
        nbformat.v4.new_markdown_cell(f"# {title}은 무엇을 말하나?\n\n두 줄의 답."),
        nbformat.v4.new_code_cell(first),
        nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(last),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(document, path)
    return path


def make_project(root: Path) -> Path:
    """Make a project with one good report and one dashboard, and the real flows."""
    write_notebook(root / "notebooks" / "good.ipynb", GOOD, "good")
    write_notebook(
        root / "dashboards" / "board.ipynb", WIDGETS, "board", kind="dashboard", title="시험 대시보드"
    )
    shutil.copytree(ROOT / "flows", root / "flows", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "uv.lock", root / "uv.lock")
    return root


def free_ports(count: int) -> list[int]:
    """Return ports on which nothing listened a moment ago."""
    first = free_port(count)
    return list(range(first, first + count))
