"""The job of the load: what the settings want of it, planned, shown and done."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sillok.errors import ConfigError
from sillok.node.sandbox import sandbox_at_hand
from sillok.node.wiring import open_client_of, open_store_of

if TYPE_CHECKING:
    from sillok.ingest import Plan, Scope
    from sillok.kis import Client, Delisting
    from sillok.settings import Settings

__all__ = ["Progress", "load", "plan"]

Say = Callable[[str], None]
Progress = Callable[[str, int, int], None]


def _silent(_: str) -> None:
    """Say nothing."""


def _unseen(_stage: str, _done: int, _total: int) -> None:
    """Show no progress."""


def load(
    settings: Settings,
    datasets: Sequence[str] = (),
    *,
    again: bool = False,
    progress: Progress | None = None,
    say: Say = _silent,
) -> dict[str, Any]:
    """Load the market from KIS or the sandbox into the store; a second load adds only what is new.

    Without keys a sandbox is started for the time of the load, unless one runs already.

    Parameters
    ----------
    datasets
        Names of datasets; none: those of SILLOK_DATASETS, or all.
    again
        Ask again for the last sessions of what is loaded already.
    progress, say
        Told how far each dataset is, and the plan before it begins.
    """
    from sillok.ingest import load_market

    scope, store = _scope(settings, datasets, again=again), open_store_of(settings)

    async def work(client: Client) -> dict[str, Any]:
        if client.label:
            say(client.label)
        done = await load_market(
            client,
            store,
            now=settings.current_time(),
            start=settings.history_start,
            delistings=await _delistings(settings, client),
            progress=progress or _unseen,
            scope=scope,
            show=lambda plan: say(_plan_line(plan)),
        )
        for name, reason in done.skipped.items():
            say(f"{name} is left out: {reason}")
        for failure in done.failures:
            say(f"left for the next load: {failure}")
        return {**asdict(done), "through": done.through.isoformat(), "refetched": list(done.refetched)}

    return _with_client(settings, work, say)


def plan(
    settings: Settings, datasets: Sequence[str] = (), *, again: bool = False, say: Say = _silent
) -> dict[str, Any]:
    """Return what a load would ask for, in how many calls and seconds; nothing is loaded."""
    from sillok.ingest import plan_load

    scope, store = _scope(settings, datasets, again=again), open_store_of(settings)

    async def work(client: Client) -> dict[str, Any]:
        planned = await plan_load(
            client,
            store,
            now=settings.current_time(),
            start=settings.history_start,
            delistings=await _delistings(settings, client),
            scope=scope,
        )
        return planned.to_json()

    return _with_client(settings, work, say)


def _with_client(
    settings: Settings, work: Callable[[Client], Awaitable[dict[str, Any]]], say: Say
) -> dict[str, Any]:
    async def run() -> dict[str, Any]:
        async with open_client_of(settings) as client:
            return await work(client)

    with sandbox_at_hand(settings, say):
        return asyncio.run(run())


def _scope(settings: Settings, datasets: Sequence[str], *, again: bool) -> Scope:
    from sillok.ingest import Scope, fingerprint

    named = tuple(datasets) or _words(settings.datasets)
    overseas = _words(settings.overseas)
    wrong = [word for word in overseas if not re.fullmatch(r"[A-Z]{3}:[A-Z0-9./]{1,12}", word)]
    if wrong:
        raise ConfigError(f"SILLOK_OVERSEAS wants market:symbol, e.g. NAS:AAPL,NYS:KO; got {wrong}")
    account = settings.kis_account.get_secret_value()
    return Scope(named, again, overseas=overseas, account=fingerprint(account) if account else "")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _plan_line(plan: Plan) -> str:
    parts = [f"{one.dataset} {one.calls:,}" for one in plan.windows if one.calls]
    if not parts:
        return f"the plan through {plan.through}: nothing is missing"
    seconds = "" if plan.seconds is None else f", about {plan.seconds:,.0f} s at {plan.rate:g} a second"
    return f"the plan through {plan.through}: {plan.calls:,} calls{seconds} ({', '.join(parts)})"


async def _delistings(settings: Settings, client: Client) -> list[Delisting]:
    from sillok.kis import parse_delistings

    where = settings.delistings
    if not where:
        return await client.delistings()
    if where.startswith(("http://", "https://")):
        with urllib.request.urlopen(where, timeout=30) as answer:  # noqa: S310 - the operator's own address
            return parse_delistings(answer.read().decode("utf-8"))
    path = Path(where) if Path(where).is_absolute() else settings.project / where
    if not path.is_file():
        raise ConfigError(f"SILLOK_DELISTINGS names {path}, which is not there; correct it or leave it empty")
    return parse_delistings(path.read_text(encoding="utf-8"))
