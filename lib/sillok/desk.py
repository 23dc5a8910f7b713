"""What a notebook opens: one snapshot as of one instant, with the words that say so.

A run fixes both through ``SILLOK_SNAPSHOT`` and ``SILLOK_AS_OF``; a notebook cannot reach across them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sillok import clock
from sillok.errors import ConfigError, MissingDataError, ResourceError, RetriableVendorError, SillokError
from sillok.settings import Settings, load_settings

if TYPE_CHECKING:
    import pandas as pd

    from sillok.charts import Html, Stamp
    from sillok.kis import Blocking, Client
    from sillok.kis.stream import Stream
    from sillok.market import Market
    from sillok.objects import Objects
    from sillok.store.accounts import AccountRows

__all__ = ["Account", "Desk", "open", "open_client_of", "open_objects_of", "stream", "vendor"]

_KIS_URL = "https://openapi.koreainvestment.com:9443"
_KIS_MASTER_URL = "https://new.real.download.dws.co.kr"
_SOURCES = {
    "kis": ("한국투자증권 KIS Open API", ""),
    "synthetic": ("합성 데이터(실제 시장 아님)", "합성 데이터"),
    "replay": ("과거 시세 재생", "과거 재생"),
}


@dataclass(frozen=True)
class Account:
    """The desk's own account on one day, amounts in KRW.

    ``positions`` by symbol: ``name, quantity, sellable`` (shares), ``average_price, cost_krw, price, value_krw,
    profit_krw``. ``cash``: ``cash_krw, cash_d1_krw, cash_d2_krw`` (settled today, on D+1, on D+2),
    ``securities_krw, total_krw, net_assets_krw``. ``executions``, all up to that day, by the instant of the order
    (Asia/Seoul): ``order_no, symbol, side, order_qty, filled_qty, average_price, amount_krw``.
    """

    fingerprint: str
    date: date
    positions: pd.DataFrame
    cash: pd.Series
    executions: pd.DataFrame


@dataclass(frozen=True)
class Desk:
    """A market as of an instant. Make one with :func:`open`."""

    market: Market
    settings: Settings

    @property
    def as_of(self) -> datetime:
        """The instant beyond which nothing is visible."""
        return self.market.as_of

    @property
    def snapshot_id(self) -> str:
        return self.market.snapshot_id

    @property
    def source(self) -> str:
        """``kis``, ``synthetic`` or ``replay``."""
        return self.market.source

    @property
    def source_label(self) -> str:
        """What a reader must be told about the source; empty for the real market."""
        return _SOURCES.get(self.source, (self.source, self.source))[1]

    @cached_property
    def stamp(self) -> Stamp:
        """What charts print under themselves."""
        from sillok.charts import Stamp

        name, mark = _SOURCES.get(self.source, (self.source, self.source))
        return Stamp(self.as_of, name, f"스냅샷 {self.snapshot_id[:12]}", mark)

    def banner(self) -> Html:
        """Return the line that says as of when, from which snapshot and from what source."""
        from sillok.charts import note

        through = f"마지막 거래일 {self.market.through:%Y-%m-%d}"
        tone = "warn" if self.source_label else "plain"
        return note(f"{self.stamp.text()} · {through}", tone=tone)

    def checks(self) -> pd.DataFrame:
        """Return the checks of the load that this snapshot was frozen from.

        Indexed by name, with ``severity`` (ok, info, warn, error), ``previous`` (after the load before; None where
        the check did not run then), ``count``, ``kinds``, ``summary``, ``reason`` and ``examples``; no rows where
        the store keeps none for it.
        """
        import pandas as pd
        from sqlalchemy import select

        from sillok.store import open_store
        from sillok.store.tables import check_result as c
        from sillok.store.tables import snapshot as s

        names = ["name", "severity", "previous", "count", "kinds", "summary", "reason", "examples"]
        query = select(*(c.c[name] for name in names)).join(s, s.c.load_id == c.c.load_id)
        with open_store(self.settings.database).read() as connection:
            rows = connection.execute(query.where(s.c.id == self.snapshot_id).order_by(c.c.name)).all()
        return pd.DataFrame(rows, columns=names).set_index("name")

    def account(self, day: date | None = None, *, fingerprint: str = "") -> Account:
        """Return the desk's own account as it was last recorded up to ``day``; it is read from the store.

        Parameters
        ----------
        day
            None: the newest session known.
        fingerprint
            Which account, by the first characters of its fingerprint; empty: the only one there is.

        Raises
        ------
        ConfigError
            Inside a run, which reads its snapshot alone; or if several accounts fit.
        MissingDataError
            If nothing was recorded up to that day.
        """
        if self.settings.snapshot:
            raise ConfigError(
                "a run reads its snapshot alone, so that it can be repeated anywhere; open the account in a notebook "
                "of your own"
            )
        from sillok.store import open_store
        from sillok.store.accounts import read_account

        last = self.market.through
        with open_store(self.settings.database).read() as connection:
            found = read_account(connection, day=min(day or last, last), account=fingerprint)
        return _show_account(found)

    def next_session(self) -> date:
        """Return the session that follows the newest one known, when an order can be filled."""
        return _sessions_after(self.market.through)[0]

    def settlement(self, trade: date) -> date:
        """Return the session two after ``trade``, when its sale settles and is taxed."""
        return _sessions_after(trade)[1]


def open(as_of: str | date | datetime | None = None, snapshot: str | None = None) -> Desk:
    """Open the market for a notebook.

    Parameters
    ----------
    as_of
        The instant to stand at. A day means the close of its session, or of the last one before it. Empty:
        that of the run, else the newest the snapshot knows.
    snapshot
        A snapshot's id, whole or its first characters (8 or more). Empty: that of the run, else the latest.

    Raises
    ------
    ConfigError
        If the instant lies in the future or beyond that of the run, or another snapshot than the run's is asked.
    MissingDataError
        If there is no such snapshot.
    """
    settings = load_settings()
    chosen = _choose_snapshot(settings, snapshot or "")
    instant = _choose_instant(settings, as_of)

    from sillok.market import open_market

    return Desk(open_market(open_objects_of(settings), chosen, as_of=instant), settings)


def _show_account(found: AccountRows) -> Account:
    import pandas as pd

    from sillok.store.accounts import EXECUTION_COLUMNS, POSITION_COLUMNS

    exact = {"average_price": "float64"}
    positions = pd.DataFrame(map(dict, found.positions), columns=POSITION_COLUMNS).astype(exact)
    executions = pd.DataFrame(map(dict, found.executions), columns=EXECUTION_COLUMNS).astype(exact)
    instants = pd.to_datetime(executions["ordered_at"], utc=True).dt.tz_convert(clock.KST)
    executions = executions.assign(ordered_at=instants).set_index("ordered_at")
    return Account(
        found.account, found.date, positions.set_index("symbol"), pd.Series(found.cash), executions
    )


def _sessions_after(day: date) -> list[date]:
    # No KRX holiday lasts three weeks, so two sessions are always among the next thirty days.
    return clock.sessions(day + timedelta(days=1), day + timedelta(days=31))


def open_objects_of(settings: Settings) -> Objects:
    """Open the settings' object store."""
    from sillok.objects import open_objects

    return open_objects(
        settings.objects_url,
        directory=settings.home_path / "objects",
        cache=settings.home_path / "cache",
        access_key=settings.objects_access_key,
        secret_key=settings.objects_secret_key.get_secret_value(),
    )


def open_client_of(settings: Settings) -> Client:
    """Return a client, not connected yet, of KIS or of the sandbox, as the settings decide."""
    from sillok.kis import Client, Credentials

    own = settings.needs_sandbox
    base = settings.sandbox_url if own else settings.kis_url or _KIS_URL
    master = settings.kis_master_url or (base if settings.uses_sandbox else _KIS_MASTER_URL)
    credentials = (
        Credentials.sandbox()
        if settings.uses_sandbox
        else Credentials(settings.kis_app_key.get_secret_value(), settings.kis_app_secret.get_secret_value())
    )
    return Client(
        base,
        credentials,
        master_url=master,
        account=settings.kis_account.get_secret_value(),
        rate=0 if own else settings.kis_rate,  # our own sandbox is started without limits
        ledger_rate=0 if own else settings.kis_ledger_rate,
        broker_path=settings.home_path / "kis",
        paper="openapivts" in base,
    )


def vendor() -> Blocking:
    """Open a connection to KIS, or to the sandbox where no key is set, for a notebook that nobody publishes.

    It shares the vendor's limit fairly with the nightly load; its methods are those of the client, without
    ``await``. What it answers is of now, and not of a snapshot: nothing can be computed from it again.

    Raises
    ------
    ConfigError
        Inside a run, which reads its snapshot alone.
    ResourceError
        If no key is set and no sandbox runs.
    """
    from sillok.kis import Blocking

    settings = _settings_outside_a_run()
    try:
        return Blocking(open_client_of(settings))
    except RetriableVendorError as err:
        raise _without_sandbox(settings, err) from err


@asynccontextmanager
async def stream(**options: Any) -> AsyncIterator[Stream]:
    """Open the live stream of KIS, or of the sandbox where no key is set: ``async with desk.stream() as live``.

    KIS allows one session a key: while a recorder or another notebook has it, this raises ``InUseError`` at the
    first subscription. ``options`` are those of :class:`sillok.kis.stream.Stream`.

    Raises
    ------
    ConfigError
        Inside a run, which reads its snapshot alone.
    ResourceError
        If no key is set and no sandbox runs.
    """
    settings = _settings_outside_a_run()
    async with AsyncExitStack() as opened:
        try:
            client = await opened.enter_async_context(open_client_of(settings))
            live = await opened.enter_async_context(client.stream(**options))
        except RetriableVendorError as err:
            raise _without_sandbox(settings, err) from err
        yield live


def _settings_outside_a_run() -> Settings:
    settings = load_settings()
    if settings.snapshot:
        raise ConfigError(
            f"this run reads snapshot {settings.snapshot[:12]} and cannot ask the vendor, whose answer nobody could"
            " reproduce; have the load keep what it needs, and read it from the snapshot"
        )
    return settings


def _without_sandbox(settings: Settings, err: RetriableVendorError) -> SillokError:
    """Return what ``err`` means: where no key is set, most likely that no sandbox runs."""
    if not settings.needs_sandbox:
        return err
    return ResourceError(
        f"no KIS key is set, and no sandbox answers at {settings.sandbox_url}; run `sillok sandbox`, or set"
        " SILLOK_KIS_APP_KEY and SILLOK_KIS_APP_SECRET"
    )


def _choose_snapshot(settings: Settings, asked: str) -> str:
    if asked and len(asked) < 8:
        raise ConfigError(f"{asked!r} is too short to name a snapshot; give 8 characters or more")
    if settings.snapshot:
        if asked and not settings.snapshot.startswith(asked):
            raise ConfigError(
                f"this run reads snapshot {settings.snapshot[:12]} and cannot open {asked[:12]}; leave snapshot empty",
                asked=asked,
                fixed=settings.snapshot,
            )
        return settings.snapshot
    if not settings.database_url.get_secret_value() and not (settings.home_path / "sillok.db").exists():
        raise MissingDataError(
            f"nothing was loaded yet into {settings.home_path}; run `sillok nightly`, or `sillok ingest` and "
            "`sillok freeze`"
        )
    # The store is asked only here: a run is told its snapshot and never needs the import.
    from sqlalchemy import select

    from sillok.store import open_store
    from sillok.store.tables import snapshot as table

    query = select(table.c.id).order_by(table.c.seq.desc()).limit(1)
    if asked:
        query = query.where(table.c.id.startswith(asked, autoescape=True))
    with open_store(settings.database).read() as connection:
        found = connection.execute(query).scalar_one_or_none()
    if found is None:
        what = f"no snapshot begins with {asked}" if asked else "there is no snapshot yet"
        raise MissingDataError(f"{what}; run `sillok nightly`, or `sillok ingest` and `sillok freeze`")
    return str(found)


def _choose_instant(settings: Settings, asked: str | date | datetime | None) -> datetime | None:
    limit = settings.as_of
    if asked is None or asked == "":
        return limit
    instant = _read_instant(asked)
    if limit is not None and instant > limit:
        raise ConfigError(
            f"this run stands at {limit.isoformat()} and cannot look at {instant.isoformat()}; ask for an earlier as_of",
            asked=instant,
            limit=limit,
        )
    if instant > settings.current_time():
        raise ConfigError(
            f"as_of {instant.isoformat()} lies in the future; leave it empty for the newest", asked=instant
        )
    return instant


def _read_instant(asked: str | date | datetime) -> datetime:
    if isinstance(asked, str):
        try:
            asked = date.fromisoformat(asked) if len(asked) == 10 else datetime.fromisoformat(asked)
        except ValueError as err:
            raise ConfigError(
                f"as_of {asked!r} is not a date; write 2026-06-30, or 2026-06-30T15:30 for an instant"
            ) from err
    if isinstance(asked, datetime):
        return asked if asked.tzinfo else asked.replace(tzinfo=clock.KST)
    end_of_day = datetime.combine(asked, time.max, tzinfo=clock.KST)
    return clock.session_close(clock.last_closed_session(end_of_day))
