"""``python -m sillok.readingroom``: serve the published pages until told to stop."""

from __future__ import annotations

import argparse
import sys

import uvicorn

from sillok.errors import SillokError
from sillok.readingroom.app import create_app
from sillok.settings import load_settings
from sillok.store import open_store

__all__ = ["main"]


def main(words: list[str] | None = None) -> int:
    """Read the command line, serve, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sillok.readingroom", description=__doc__)
    parser.add_argument("--host", help="address to bind; default: SILLOK_HOST")
    parser.add_argument("--port", type=int, help="default: SILLOK_PORT_ROOM")
    given = parser.parse_args(words)
    try:
        settings = load_settings()
    except SillokError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.exit_code
    uvicorn.run(
        create_app(settings.home_path / "site", lambda: open_store(settings.database)),
        host=given.host or settings.host,
        port=given.port or settings.port_room,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=15,
        limit_concurrency=400,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
