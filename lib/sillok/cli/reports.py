"""Commands of the reports: run one, do the whole night, read the record, publish."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from sillok.cli.report import Report
from sillok.cli.root import Json, app, read_settings
from sillok.cli.words import text
from sillok.clock import KST
from sillok.errors import ConfigError, GateError

__all__ = ["nightly", "publish", "run", "runs"]


@app.command(
    help=text(
        "Run a notebook on a snapshot with typed parameters, and record it, also when it fails.",
        "노트북을 스냅샷 하나와 형이 정해진 매개변수로 실행하고, 실패해도 기록합니다.",
    )
)
def run(
    notebook: Annotated[
        Path,
        typer.Argument(help=text("e.g. notebooks/market_today.ipynb", "예: notebooks/market_today.ipynb")),
    ],
    *,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--parameter", help=text("name=value, as often as needed.", "이름=값, 필요한 만큼.")
        ),
    ] = None,
    snapshot: Annotated[
        str,
        typer.Option(
            help=text("Beginning of a snapshot's id; else the newest.", "스냅샷 번호의 앞부분. 없으면 최신.")
        ),
    ] = "",
    as_of: Annotated[
        str,
        typer.Option(
            help=text(
                "Instant it may not look beyond, ISO 8601, Asia/Seoul; else the snapshot's last close.",
                "넘어다볼 수 없는 시각, ISO 8601, 서울 시각. 없으면 스냅샷의 마지막 종가 시각.",
            )
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    from sillok.node import jobs

    path = notebook.resolve()
    with Report(as_json=as_json) as report:
        done = jobs.run_report(
            read_settings(),
            path,
            _pairs(parameter or []),
            snapshot=snapshot,
            as_of=_instant(as_of),
            progress=report.say,
        )
        report.finish(done, _run_line(done))


def _pairs(words: list[str]) -> dict[str, str]:
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise ConfigError(f"a parameter is given as name=value, got {wrong[0]!r}")
    pairs = dict(word.split("=", 1) for word in words)
    if len(pairs) < len(words):
        raise ConfigError(f"a parameter is given twice: {' '.join(words)}")
    return pairs


def _instant(word: str) -> datetime | None:
    if not word:
        return None
    try:
        given = datetime.fromisoformat(word)
    except ValueError as err:
        raise ConfigError(f"--as-of must be an instant such as 2026-06-30T18:30, got {word!r}") from err
    return given if given.tzinfo else given.replace(tzinfo=KST)


def _run_line(run: dict[str, Any]) -> str:
    return f"{run['id'][:12]}  {run['status']:<8} {run['started_at'][:16]}  {run['snapshot_id'][:12]}  {run['notebook']}"


@app.command(
    help=text(
        "Do the night's work here and now, as the schedule does: load, check, freeze, run every report, publish. "
        "A day without a session is skipped.",
        "밤에 할 일을 일정이 하는 그대로 지금 여기서 합니다: 적재, 점검, 동결, 모든 보고서 실행, 발행. 거래가 없는 날은 건너뜁니다.",
    )
)
def nightly(
    *,
    session: Annotated[
        str,
        typer.Option(
            help=text("The session that is expected, YYYY-MM-DD.", "기대하는 거래일, YYYY-MM-DD."),
        ),
    ] = "",
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help=text(
                "Work on the last closed session also on a day without one.",
                "거래가 없는 날에도 마지막 거래일로 일합니다.",
            ),
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    from sillok.node.night import run_nightly

    with Report(as_json=as_json) as report:
        done = run_nightly(
            read_settings(), session=session, force=force, say=report.say, progress=report.progress
        )
        report.finish(done, done["message"])


@app.command(
    help=text(
        "List the record of runs, newest first; or show one whole, with its log.",
        "실행 기록을 최신 순으로 나열하거나, 하나를 로그까지 통째로 보여 줍니다.",
    )
)
def runs(
    run_id: Annotated[
        str,
        typer.Argument(
            help=text("Beginning of a run's id, to show it whole.", "실행 번호의 앞부분. 통째로 봅니다.")
        ),
    ] = "",
    *,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help=text("How many.", "몇 개를 볼지."))] = 20,
    as_json: Json = False,
) -> None:
    from sillok.node.record import read_runs

    with Report(as_json=as_json) as report:
        found = read_runs(read_settings(), run_id=run_id, limit=limit)
        if run_id:
            report.finish(found[0], *(f"{name}: {value}" for name, value in found[0].items()))
        elif found:
            report.finish({"runs": found}, *(_run_line(one) for one in found))
        else:
            report.finish(
                {"runs": []},
                text(
                    "no runs yet; `sillok nightly` makes some",
                    "아직 실행이 없습니다. `sillok nightly`로 만드십시오",
                ),
            )


@app.command(
    help=text(
        "Put a run's page into the reading room, if the gate lets it: done, fresh, checked, on the newest snapshot. "
        "Else the last good page stays, marked with its age and the reason.",
        "발행 관문이 허락하면(완료, 최신, 점검 통과, 최신 스냅샷) 실행의 페이지를 열람실에 올립니다. 아니면 마지막으로 좋았던 "
        "페이지가 그 나이와 이유를 달고 남습니다.",
    )
)
def publish(
    which: Annotated[
        str,
        typer.Argument(
            help=text(
                "Beginning of a run's id, or a page's name (its newest run), e.g. market-today.",
                "실행 번호의 앞부분, 또는 페이지 이름(그 최신 실행), 예: market-today.",
            )
        ),
    ],
    *,
    as_json: Json = False,
) -> None:
    from sillok.node import jobs
    from sillok.node.record import newest_run

    settings = read_settings()
    with Report(as_json=as_json) as report:
        done = jobs.publish(settings, newest_run(settings, which))
        if not done["published"]:
            raise GateError(f"{done['slug']}: {done['reason']}", **done)
        report.finish(done, f"{done['slug']}: {done['url']}")
