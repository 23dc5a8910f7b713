"""The root of the command: its help, the option and the settings that all share, and its end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sillok.cli.report import fail
from sillok.cli.words import text
from sillok.errors import SillokError

if TYPE_CHECKING:
    from sillok.settings import Settings

__all__ = ["Json", "app", "main", "read_settings"]

EXIT_CODES = text(
    "Exit codes: 0 done · 2 wrong setting or argument · 3 data · 4 KIS · 5 optimisation · 6 a notebook failed · "
    "7 not published · 8 the machine · 130 interrupted.",
    "종료 코드: 0 완료 · 2 설정이나 인자 오류 · 3 데이터 · 4 KIS · 5 최적화 · 6 노트북 실패 · 7 발행 거부 · 8 시스템 · 130 중단.",
)

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, secrets among them
    context_settings={"help_option_names": ["-h", "--help"]},
    help=text(
        "Sillok: from the KIS Open API to a published page whose every number can say where it came from.",
        "실록: KIS Open API에서 발행된 페이지까지. 모든 숫자가 어디서 왔는지 말할 수 있습니다.",
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


def read_settings() -> Settings:
    """Read the settings; the language of pages is one of them, that of messages is the locale's."""
    from sillok.settings import load_settings

    return load_settings()


def main() -> None:
    """Run the command and end the process with its exit code."""
    try:
        app()
    except SillokError as err:
        sys.exit(fail(err, as_json="--json" in sys.argv))
    except KeyboardInterrupt:
        sys.exit(130)
