"""What a command says: progress on a terminal, sentences for people, one JSON object for machines."""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sillok.cli.words import text
from sillok.errors import SillokError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["Report", "fail"]


class Report:
    """Progress and sentences go to standard error, the result to standard output.

    With ``as_json`` the last line of standard output is one JSON object and nothing else is printed there.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._bar: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def progress(self, what: str, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` steps of ``what`` are behind us; silent where nobody watches."""
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = _progress_bar()
            self._bar.start()
        if what not in self._tasks:
            self._tasks[what] = self._bar.add_task(what, total=total)
        self._bar.update(self._tasks[what], completed=done, total=total)

    def say(self, line: str) -> None:
        """Tell a person something on the way."""
        print(line, file=sys.stderr, flush=True)

    def finish(self, result: dict[str, Any], *lines: str) -> None:
        """End with the result: the lines for a person, or ``result`` for a machine."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        for line in [json.dumps(result, ensure_ascii=False, default=str)] if self._as_json else lines:
            print(line, flush=True)


def _progress_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


_HEADINGS = {
    1: ("error", "오류"),
    2: ("wrong setting or argument", "설정 또는 인자 오류"),
    3: ("data", "데이터 오류"),
    4: ("KIS", "KIS 오류"),
    5: ("optimisation", "최적화 오류"),
    6: ("the notebook failed", "노트북 실행 실패"),
    7: ("not published", "발행 거부"),
    8: ("machine", "시스템 오류"),
}


def fail(err: SillokError, *, as_json: bool) -> int:
    """Say what went wrong, in one line, and return the exit code."""
    if as_json:
        fault = {"kind": type(err).__name__, "message": str(err), **err.detail}
        print(
            json.dumps({"error": fault, "exit_code": err.exit_code}, ensure_ascii=False, default=str),
            flush=True,
        )
    else:
        print(f"sillok: {text(*_HEADINGS[err.exit_code])}: {err}", file=sys.stderr, flush=True)
    return err.exit_code
