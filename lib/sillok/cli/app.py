"""The commands. Each reads the settings, calls a room, and says what came of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sillok.cli.report import Report, fail
from sillok.cli.words import language, text
from sillok.errors import SillokError

if TYPE_CHECKING:
    from sillok.settings import Settings

__all__ = ["app", "main"]

EXIT_CODES = text(
    "Exit codes: 0 done · 2 wrong setting or argument · 3 data · 4 KIS · 5 optimisation · 6 a notebook failed · "
    "7 not published · 8 the machine · 130 interrupted.",
    "종료 코드: 0 완료 · 2 설정이나 인자 오류 · 3 데이터 · 4 KIS · 5 최적화 · 6 노트북 실패 · 7 게시 거부 · 8 시스템 · 130 중단.",
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, secrets among them
    context_settings={"help_option_names": ["-h", "--help"]},
    help=text(
        "Sillok: from the KIS Open API to a published page whose every number can say where it came from.",
        "실록: KIS Open API에서 게시된 페이지까지. 모든 숫자가 어디서 왔는지 말할 수 있습니다.",
    )
    + "\n\n"
    + text(
        "Begin with `sillok up`. Settings are environment variables (SILLOK_…) or the file .env; see .env.example.",
        "`sillok up`으로 시작하십시오. 설정은 환경 변수(SILLOK_…)나 .env 파일이며, 목록은 .env.example에 있습니다.",
    ),
    epilog=EXIT_CODES,
)

Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help=text("End with one JSON object on standard output.", "표준 출력을 JSON 객체 하나로 끝냅니다."),
    ),
]


def _settings() -> Settings:
    from sillok.settings import load_settings

    return load_settings(lang=language())


@app.command(
    help=text(
        "Run the whole node here: load the market, let Prefect run the nightly flow, publish, and serve the reading "
        "room, Voila and JupyterLab until Ctrl-C. Without KIS keys a local sandbox with a synthetic market is used.",
        "노드 전체를 여기서 실행합니다. 시세를 적재하고, Prefect가 야간 플로를 돌려 게시하고, 열람실과 Voila와 JupyterLab을 "
        "Ctrl-C까지 띄웁니다. KIS 키가 없으면 합성 시장을 가진 로컬 샌드박스를 씁니다.",
    )
)
def up(
    *,
    once: Annotated[
        bool,
        typer.Option(
            help=text(
                "Do the work, say where the results are, and end.",
                "일을 마치고 결과의 위치를 말한 뒤 끝냅니다.",
            )
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    from sillok import node

    with Report(as_json=as_json) as report:
        node.up(_settings(), once=once, report=report)


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
        typer.Option(help=text("Port; else SILLOK_PORT_SANDBOX.", "포트. 없으면 SILLOK_PORT_SANDBOX.")),
    ] = None,
    today: Annotated[
        str,
        typer.Option(
            help=text(
                "The day it is there, YYYY-MM-DD; else SILLOK_NOW or the clock.",
                "그곳의 오늘, YYYY-MM-DD. 없으면 SILLOK_NOW 또는 시계.",
            )
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help=text("Seed of the synthetic market.", "합성 시장의 시드."))] = 1,
    rate: Annotated[float, typer.Option(help=text("Calls a second it accepts.", "초당 받는 호출 수."))] = 20,
    no_limits: Annotated[
        bool, typer.Option("--no-limits", help=text("Accept any rate.", "호출 수를 제한하지 않습니다."))
    ] = False,
) -> None: ...


def main() -> None:
    """Run the command and end the process with its exit code."""
    try:
        app()
    except SillokError as err:
        sys.exit(fail(err, as_json="--json" in sys.argv))
    except KeyboardInterrupt:
        sys.exit(130)
