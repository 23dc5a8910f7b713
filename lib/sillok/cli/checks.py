"""The command of the checks: what the newest load left, and how good it is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from sillok.cli.report import Report
from sillok.cli.root import Json, app, read_settings
from sillok.cli.words import language, text
from sillok.errors import DataError

__all__ = ["checks"]


@app.command(
    help=text(
        "Show the checks of the newest load, the gravest first; or one of them whole, with all it names. Ends with 3 "
        "if one found an error, which keeps pages from being published.",
        "가장 최근 적재의 점검을 심한 것부터 보여 주거나, 하나를 짚은 것까지 통째로 보여 줍니다. 발행을 막는 오류가 있으면 3으로 끝납니다.",
    )
)
def checks(
    name: Annotated[
        str, typer.Argument(help=text("A check, to show it whole, e.g. moves.", "통째로 볼 점검, 예: moves."))
    ] = "",
    *,
    load: Annotated[
        str,
        typer.Option(
            help=text("Beginning of a load's id; else the newest.", "적재 번호의 앞부분. 없으면 최신.")
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    from sillok.node.record import read_checks

    with Report(as_json=as_json) as report:
        done = read_checks(read_settings(), load_id=load, name=name)
        lines = _one(done) if name else _table(done)
        report.finish(done, *lines)
    if done["errors"]:
        raise typer.Exit(DataError.exit_code)


def _table(done: dict[str, Any]) -> list[str]:
    from sillok.charts import describe_check
    from sillok.charts.text import width

    told = [(check["name"], describe_check(check, lang=language())) for check in done["checks"]]
    told.sort(key=lambda one: one[1].rank)  # the gravest first; as they run within a severity
    wide = max(width(check.grade) for _, check in told)
    indent = " " * (wide + 2)
    lines = []
    for name, check in told:
        gap = " " * (wide - width(check.grade) + 2)
        lines.append(
            f"{check.grade}{gap}{name}: {check.asked}" if check.asked != name else f"{check.grade}{gap}{name}"
        )
        lines += [indent + said for said in (check.found, check.why) if said and not check.is_quiet]
    head = text(
        f"load {done['load_id'][:12]} through {done['through']} ({done['source']})",
        f"적재 {done['load_id'][:12]}, {done['through']}까지 ({done['source']})",
    )
    return [head, *lines]


def _one(done: dict[str, Any]) -> list[str]:
    check = done["checks"][0]
    named = [" ".join(f"{key}={value}" for key, value in one.items()) for one in check["examples"]]
    return [*_table(done), check["summary"], *(f"  {line}" for line in named)]
