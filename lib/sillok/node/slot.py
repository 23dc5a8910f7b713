"""One night: which session it is about, that it is alone, and how it ended."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sillok.clock import is_session, last_closed_session
from sillok.errors import ConfigError
from sillok.node.locks import hold_lock

if TYPE_CHECKING:
    from sillok.settings import Settings

__all__ = ["conclude", "due_session", "night_lock"]


def due_session(settings: Settings, session: str = "", *, force: bool = False) -> str:
    """Return the session (YYYY-MM-DD) that a night at the settings' time is about; empty: there is none today.

    Parameters
    ----------
    session
        The session that is expected; anything but the last closed one is refused.
    force
        Work also on a day without a session, or before its close: on the last one that closed.
    """
    now = settings.current_time()
    newest = last_closed_session(now)
    if session and session != newest.isoformat():
        raise ConfigError(
            f"session {session!r} is asked, the last closed one is {newest}; to work as on another day set SILLOK_NOW"
        )
    if not (session or force) and not is_session(now.date()):
        return ""
    return newest.isoformat()


@contextmanager
def night_lock(settings: Settings) -> Iterator[None]:
    """Hold the night for ourselves: two loads side by side would contradict each other.

    Raises
    ------
    ResourceError
        If another night runs on this home.
    """
    with hold_lock(settings.home_path / "night.lock", "a nightly run"):
        yield


def conclude(day: str, snapshot: str, pages: list[dict[str, Any]], broken: list[str]) -> dict[str, Any]:
    """Return how the night ended: ``state`` is completed or failed, ``message`` one line with every reason.

    Parameters
    ----------
    broken
        What kept a notebook from becoming a run at all.
    """
    held = [f"{page['slug']}: {page['reason']}" for page in pages if not page["published"]]
    said = "; ".join([*held, *broken])
    good = f"{day}: {len(pages)} pages published from snapshot {snapshot[:12]}"
    return {
        "session": day,
        "snapshot_id": snapshot,
        "state": "failed" if said else "completed",
        "message": said or good,
        "pages": pages,
    }
