"""Commands of the market: plan its load, load it, freeze it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from sillok.cli.report import Report
from sillok.cli.root import Json, app, read_settings
from sillok.cli.words import text

__all__ = ["freeze", "ingest", "plan"]

_RARE = {
    "vanished": ("gone at the vendor", "제공처에서 사라짐"),
    "left_out": ("left out", "제외"),
    "failed": ("answers not to be trusted", "믿을 수 없는 응답"),
}
_WIDTHS = (-18, 6, 6, 10, 10, 8, 8)  # below 0: flush left


Datasets = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        metavar="NAME",
        help=text(
            "Load this dataset alone; may be given several times. Default: SILLOK_DATASETS, or all.",
            "이 데이터셋만 적재합니다. 여러 번 쓸 수 있습니다. 기본값: SILLOK_DATASETS, 없으면 전부.",
        ),
    ),
]
Again = Annotated[
    bool,
    typer.Option(
        "--again",
        help=text(
            "Ask again for the last five sessions of what is loaded already, to catch corrections. Statements keep "
            "their turns unless they are named.",
            "이미 적재한 것도 마지막 다섯 거래일을 다시 물어 정정을 잡습니다. 재무제표는 이름을 대지 않으면 차례를 지킵니다.",
        ),
    ),
]


@app.command(
    help=text(
        "Load what is missing of the market from KIS (without keys: from a sandbox) into the store, and check it. "
        "A second run adds nothing.",
        "시세에서 빠진 것을 KIS에서(키가 없으면 샌드박스에서) 저장소로 적재하고 점검합니다. 두 번째 실행에는 더해지는 것이 없습니다.",
    )
)
def ingest(*, dataset: Datasets = None, again: Again = False, as_json: Json = False) -> None:
    from sillok.node import jobs

    settings = read_settings()
    with Report(as_json=as_json) as report:
        done = jobs.load(settings, dataset or (), again=again, progress=report.progress, say=report.say)
        checks = jobs.check(settings, done["load_id"])
        result = {**done, "checks": checks}
        report.finish(result, *_load_lines(result))


@app.command(
    help=text(
        "Show what `sillok ingest` would ask KIS for: windows, calls and time by dataset. Nothing is loaded.",
        "`sillok ingest`가 KIS에 무엇을 물을지 데이터셋별 구간, 호출 수, 시간으로 보입니다. 적재하지 않습니다.",
    )
)
def plan(*, dataset: Datasets = None, again: Again = False, as_json: Json = False) -> None:
    from sillok.node import jobs

    with Report(as_json=as_json) as report:
        planned = jobs.plan(read_settings(), dataset or (), again=again, say=report.say)
        report.finish(planned, *_plan_lines(planned))


def _plan_lines(planned: dict[str, Any]) -> list[str]:
    heads = text(
        "dataset asks whole from through calls time", "데이터셋 질문 전체 부터 까지 호출 시간"
    ).split()
    rows = [
        (one["dataset"], f"{one['asks']:,}", f"{one['whole']:,}", one["first"] or "-", one["last"] or "-",
         f"{one['calls']:,}", _duration(one["seconds"]))
        for one in planned["windows"]
    ]  # fmt: skip
    rows.append((text("all", "합계"), "", "", "", "", f"{planned['calls']:,}", _duration(planned["seconds"])))
    left_out = [
        text(f"{name} is left out: {reason}", f"{name} 제외: {reason}")
        for name, reason in planned["skipped"].items()
    ]
    return [*("  ".join(_cells(row)) for row in (heads, *rows)), *left_out]


def _cells(row: Sequence[str]) -> Iterator[str]:
    for cell, width in zip(row, _WIDTHS, strict=True):
        # Hangul takes two columns on a terminal.
        space = " " * max(0, abs(width) - len(cell) - sum("가" <= letter <= "힣" for letter in cell))
        yield cell + space if width < 0 else space + cell


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def _load_lines(done: dict[str, Any]) -> list[str]:
    named = [
        text(
            f"{name}: {n['inserted']:,} new, {n['changed']:,} changed, {n['same']:,} the same",
            f"{name}: 새로 {n['inserted']:,}, 바뀜 {n['changed']:,}, 그대로 {n['same']:,}",
        )
        + "".join(f", {text(*words)} {n[key]:,}" for key, words in _RARE.items() if key in n)
        for name, n in done["counts"].items()
    ]
    bad = [
        f"{c['severity']} {c['name']}: {c['summary']}"
        for c in done["checks"]
        if c["severity"] in {"warn", "error"}
    ]
    head = text(
        f"loaded through {done['through']} ({done['source']}, {done['calls']:,} calls, {done['duration_s']:.1f} s)",
        f"{done['through']}까지 적재했습니다 ({done['source']}, 호출 {done['calls']:,}번, {done['duration_s']:.1f}초)",
    )
    return [head, *named, *bad]


@app.command(
    help=text(
        "Freeze the store into a snapshot: Arrow files named by their content, and a manifest. The same content "
        "gives the same id.",
        "저장소를 스냅샷으로 굳힙니다. 내용으로 이름 붙인 Arrow 파일과 목록이며, 내용이 같으면 번호도 같습니다.",
    )
)
def freeze(*, as_json: Json = False) -> None:
    from sillok.node import jobs

    with Report(as_json=as_json) as report:
        done = jobs.freeze(read_settings())
        line = text(
            f"snapshot {done['id'][:12]} through {done['through']}: {done['partitions']} partitions, "
            f"{done['reused']} of them as before",
            f"스냅샷 {done['id'][:12]}, {done['through']}까지: 조각 {done['partitions']}개, 그중 {done['reused']}개는 그대로",
        )
        report.finish(done, line)
