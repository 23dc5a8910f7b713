"""``python -m sillok.sandbox``: run the sandbox."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from sillok.errors import SillokError
from sillok.sandbox.faults import Faults
from sillok.sandbox.gate import Limits
from sillok.sandbox.serve import serve
from sillok.sandbox.stream.feed import StreamOptions
from sillok.sandbox.world.synthetic import DEFAULT_SEED

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, serve, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sillok.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8810, help="0 takes a free one")
    parser.add_argument(
        "--today", type=date.fromisoformat, help="newest session, YYYY-MM-DD; default: the clock's"
    )
    parser.add_argument("--data", type=Path, help="replay the history in this folder instead of made-up data")
    parser.add_argument("--rate", type=float, default=20, help="calls a second")
    parser.add_argument("--no-limits", action="store_true", help="never refuse for haste")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--token-life", type=float, default=86_400, help="seconds")
    parser.add_argument("--paper", action="store_true", help="serve the paper host's calls and page sizes")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a fault from the start, e.g. drop=0.1",
    )
    parser.add_argument(
        "--speed", type=float, default=1, help="seconds of the streamed session in a second of the clock"
    )
    given = parser.parse_args(arguments)
    none = Limits.none()
    limits = Limits(
        rate=none.rate if given.no_limits else given.rate,
        ledger_rate=none.ledger_rate if given.no_limits else Limits().ledger_rate,
        token_interval_s=none.token_interval_s if given.no_limits else Limits().token_interval_s,
        token_life_s=given.token_life,
        paper=given.paper,
    )
    try:
        serve(
            host=given.host, port=given.port, today=given.today, data=given.data, limits=limits, seed=given.seed,
            faults=Faults.parse(given.fault), stream=StreamOptions(speed=given.speed),
        )  # fmt: skip
    except SillokError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
