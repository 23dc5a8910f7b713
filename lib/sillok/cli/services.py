"""Commands that keep something running: the node, the sandbox."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from sillok.cli.report import Report
from sillok.cli.root import Json, app, read_settings
from sillok.cli.words import language, text
from sillok.clock import last_closed_session
from sillok.errors import ConfigError

__all__ = ["sandbox", "up"]


@app.command(
    help=text(
        "Run the whole node here: load the market, let Prefect run the nightly flow, publish, and serve the reading "
        "room, Voila and JupyterLab until Ctrl-C. Without KIS keys a local sandbox with a synthetic market is used.",
        "노드 전체를 여기서 실행합니다. 시세를 적재하고, Prefect가 야간 플로를 돌려 발행하고, 열람실과 Voila와 JupyterLab을 "
        "Ctrl-C까지 띄웁니다. KIS 키가 없으면 합성 시장을 가진 로컬 샌드박스를 씁니다.",
    )
)
def up(
    *,
    once: Annotated[
        bool,
        typer.Option(
            "--once",
            help=text(
                "Do the work, say where the results are, and end.",
                "일을 마치고 결과의 위치를 말한 뒤 끝냅니다.",
            ),
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    from sillok import node

    with Report(as_json=as_json) as report:
        done = node.up(read_settings(), once=once, say=report.say, lang=language())
        report.finish(done, *(done.get("pages", []) if once else []))


@app.command(
    help=text(
        "Serve the KIS protocol locally: a seeded synthetic market, or real history replayed from a folder with "
        "daily.parquet, index_daily.parquet, listing.csv and delisting.csv.",
        "KIS 규약을 로컬에서 서비스합니다. 시드가 고정된 합성 시장, 또는 daily.parquet, index_daily.parquet, listing.csv, "
        "delisting.csv가 있는 폴더의 실제 과거를 재생합니다.",
    )
)
def sandbox(
    *,
    data: Annotated[
        Path | None, typer.Option(help=text("Folder of real history to replay.", "재생할 과거가 있는 폴더."))
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help=text(
                "Port (SILLOK_PORT_SANDBOX); 0 takes a free one.", "포트(SILLOK_PORT_SANDBOX). 0이면 빈 포트."
            ),
        ),
    ] = None,
    today: Annotated[
        str,
        typer.Option(
            help=text(
                "The newest session, YYYY-MM-DD; else the clock's.",
                "가장 새로운 거래일, YYYY-MM-DD. 없으면 시계의 날.",
            )
        ),
    ] = "",
    seed: Annotated[
        int | None, typer.Option(help=text("Seed of the synthetic market.", "합성 시장의 시드."))
    ] = None,
    rate: Annotated[
        float, typer.Option(min=0.1, help=text("Calls a second it accepts.", "초당 받는 호출 수."))
    ] = 20,
    token_life: Annotated[
        float, typer.Option(min=1, help=text("Seconds that a token lives.", "토큰의 수명(초)."))
    ] = 86_400,
    no_limits: Annotated[
        bool,
        typer.Option("--no-limits", help=text("Never refuse for haste.", "호출 수를 제한하지 않습니다.")),
    ] = False,
    paper: Annotated[
        bool,
        typer.Option(
            "--paper",
            help=text(
                "Serve the paper host: its calls, ids and page sizes.",
                "모의투자 호스트의 호출, ID, 페이지 크기로 서비스합니다.",
            ),
        ),
    ] = False,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help=text(
                "Let something go wrong, e.g. drop=0.1; may be repeated, and POST /sandbox/faults changes it.",
                "일부러 고장을 냅니다. 예: drop=0.1. 여러 번 줄 수 있고 POST /sandbox/faults로 바꿉니다.",
            ),
        ),
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            min=0.01,
            help=text(
                "Seconds of the streamed session in a second of the clock.",
                "시계의 1초에 재생하는 실시간 장의 초.",
            ),
        ),
    ] = 1,
    as_json: Json = False,
) -> None:
    settings = read_settings()
    try:
        day = date.fromisoformat(today) if today else None
    except ValueError as err:
        raise ConfigError(f"--today must be a date YYYY-MM-DD, got {today!r}") from err
    if day is None and data is None and settings.now is not None:
        day = last_closed_session(settings.now)

    from sillok.sandbox import DEFAULT_SEED, Faults, Limits, StreamOptions, serve

    limits = Limits.none() if no_limits else Limits(rate=rate)
    serve(
        host=settings.host,
        port=settings.port_sandbox if port is None else port,
        today=day,
        data=data,
        limits=replace(limits, token_life_s=token_life, paper=paper),
        faults=Faults.parse(fault or ()),
        stream=StreamOptions(speed=speed),
        seed=DEFAULT_SEED if seed is None else seed,
        say=(lambda about: print(json.dumps(about, ensure_ascii=False), flush=True)) if as_json else None,
    )
