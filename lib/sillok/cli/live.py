"""Commands of the live stream: record it."""

from __future__ import annotations

from typing import Annotated

import typer

from sillok.cli.report import Report
from sillok.cli.root import Json, app, read_settings
from sillok.cli.words import text

__all__ = ["record"]


@app.command(
    help=text(
        "Record the live trades of issues into the store until Ctrl-C, and every span in which something may be "
        "missing. One recorder a key: KIS allows one session.",
        "종목의 실시간 체결을 Ctrl-C까지 저장소에 기록하고, 빠졌을 수 있는 구간도 빠짐없이 남깁니다. KIS는 키 하나에 세션 하나만 "
        "허용하므로 기록기도 하나입니다.",
    )
)
def record(
    symbols: Annotated[
        list[str],
        typer.Argument(help=text("Issues, at most 41, e.g. 005930.", "종목 코드, 최대 41개. 예: 005930.")),
    ],
    *,
    seconds: Annotated[
        float | None,
        typer.Option(min=0.1, help=text("End after so many seconds.", "이만큼의 초 뒤에 끝냅니다.")),
    ] = None,
    trades: Annotated[
        int | None,
        typer.Option(min=1, help=text("End after so many trades.", "체결이 이만큼 오면 끝냅니다.")),
    ] = None,
    as_json: Json = False,
) -> None:
    from sillok.node.recording import record as run

    with Report(as_json=as_json) as report:
        done = run(read_settings(), symbols, seconds=seconds, trades=trades, say=report.say)
        line = text(
            f"{done['trades']:,} trades recorded, {done['duplicates']:,} known already, {done['gaps']:,} gaps, "
            f"{done['missed_shares']:,} shares passed unseen ({done['source']})",
            f"체결 {done['trades']:,}건을 기록했습니다. 이미 있던 것 {done['duplicates']:,}건, 빈 구간 {done['gaps']:,}곳, "
            f"보지 못한 거래량 {done['missed_shares']:,}주 ({done['source']})",
        )
        report.finish(done, line)
