"""Facts written straight into a store, and frozen: every table, with what is lacking and what was revised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, insert, select

from sillok import clock
from sillok.clock import KST
from sillok.market import SnapshotInfo, freeze
from sillok.objects import Objects
from sillok.store import Store
from sillok.store import tables as t

THROUGH = date(2026, 6, 30)
DAYS = clock.sessions(date(2025, 12, 22), THROUGH + timedelta(days=1))
FIRST = datetime(2026, 6, 30, 18, 30, tzinfo=KST)
SYMBOLS = ("900010", "900020", "900030")
Row = dict[str, Any]


def blank(table: Table, **values: Any) -> Row:
    """Return a row that gives what is named and lacks all else."""
    return {column.name: None for column in table.c if column.name != "recorded_at"} | values


def write(store: Store, table: Table, rows: Iterable[Mapping[str, Any]], *, now: datetime = FIRST) -> None:
    with store.begin() as conn:
        store.upsert(conn, table, list(rows), now=now)


def write_bars(store: Store) -> None:
    """Write what every snapshot needs: sessions, issues, bars, and a load that is done."""
    store.migrate()
    write(store, t.session, ({"date": day, "known_at": clock.session_close(day)} for day in DAYS))
    issues = [
        blank(
            t.issue,
            symbol=symbol,
            isin="",
            name=f"가상{number}",
            market="KOSPI",
            security_type="ST",
            industry="",
            listed_on=date(2010, 1, 4) if number else None,
            delisted_on=date(2026, 3, 4) if number == 1 else None,
            known_at=clock.session_close(DAYS[0]),
        )
        for number, symbol in enumerate(SYMBOLS)
    ]
    write(store, t.issue, issues)
    write(
        store, t.daily_bar, (bar(symbol, day) for symbol in SYMBOLS for day in DAYS if is_listed(symbol, day))
    )
    done = {"id": "0" * 32, "source": "synthetic", "status": "done", "started_at": FIRST, "through": THROUGH}
    with store.begin() as conn:
        if conn.execute(select(t.load.c.id)).first() is None:
            conn.execute(insert(t.load).values(done))


def is_listed(symbol: str, day: date) -> bool:
    return symbol != SYMBOLS[1] or day < date(2026, 3, 4)


def bar(symbol: str, day: date, factor: int = 1) -> Row:
    close = (10_000 + day.toordinal() * int(symbol) % 700) * factor
    prices = {"open": close, "high": close + 9, "low": close - 9, "close": close}
    known_at = clock.session_close(day)
    return {"symbol": symbol, "date": day, **prices, "volume": 7, "amount_krw": None, "known_at": known_at}


def evening(day: date) -> datetime:
    return datetime.combine(day, time(18), tzinfo=KST)


def statement(symbol: str, period: date, known_at: datetime, basis: str = "annual", **figures: Any) -> Row:
    return blank(t.statement, symbol=symbol, basis=basis, period=period, known_at=known_at, **figures)


def action(symbol: str, kind: str, record_date: date, known_at: datetime, **more: Any) -> Row:
    key = {"symbol": symbol, "kind": kind, "record_date": record_date, "number": 0, "known_at": known_at}
    return blank(t.corporate_action, **{"name": "가상", "note": ""} | key | more)


def all_facts() -> dict[Table, list[Row]]:
    """Return rows of every table that is frozen beside the bars."""
    splits = {"ex_code": "02", "split_pct": Decimal("50.25"), "revaluation": "00"}
    raw = [bar(symbol, day, 2) | splits for symbol in SYMBOLS for day in DAYS if is_listed(symbol, day)]
    net = {"individual_qty": -3, "foreign_qty": None, "institution_qty": 3, "individual_krw": -(10**12)}
    investors = [
        blank(t.investor_day, symbol=symbol, date=day, known_at=evening(day), **net)
        for symbol in SYMBOLS[:2]
        for day in DAYS
    ]
    figures = {"eps_krw": Decimal("-0.0001"), "bps_krw": Decimal("99999999999.9999"), "sales_krw": 5 * 10**14}
    statements = [
        statement(SYMBOLS[0], date(2024, 12, 31), evening(date(2025, 4, 1)), eps_krw=Decimal("2131.97")),
        statement(SYMBOLS[0], date(2025, 12, 31), evening(date(2026, 4, 1)), **figures),
        statement(SYMBOLS[0], date(2026, 3, 31), evening(date(2026, 5, 16)), "quarter", sales_krw=1),
        statement(SYMBOLS[2], date(2025, 12, 31), evening(date(2026, 4, 1)), sales_krw=0),
    ]
    actions = [
        action(
            SYMBOLS[0],
            "dividend",
            date(2025, 12, 31),
            evening(date(2025, 12, 30)),
            cash_krw=60,
            pay_date=date(2026, 4, 16),
            note="결산\t보통\n",
        ),
        action(
            SYMBOLS[0], "split", date(2026, 7, 20), evening(date(2026, 6, 1)), par_before=5_000, par_after=500
        ),
        action(SYMBOLS[2], "bonus", date(2026, 5, 6), evening(date(2026, 5, 7)), ratio_pct=Decimal("0.0333")),
    ]
    prices = {name: Decimal("245.31") for name in ("open", "high", "low", "close")}
    closed = {day: datetime.combine(day + timedelta(days=1), time(6), tzinfo=KST) for day in DAYS}
    abroad = [
        {
            "market": "NAS",
            "symbol": name,
            "date": day,
            **prices,
            "volume": 10,
            "amount": None,
            "known_at": closed[day],
        }
        for day in DAYS[:9]
        for name in ("AAPL", "MSFT")
    ]
    rates = {name: Decimal("1380.5") for name in prices} | {"low": Decimal("0.000012")}
    fx = [
        {"pair": "USDKRW", "date": day, **rates, "known_at": closed[day] + timedelta(hours=3)} for day in DAYS
    ]
    return {
        t.raw_bar: raw, t.investor_day: investors, t.statement: statements, t.corporate_action: actions,
        t.overseas_bar: abroad, t.rate_bar: fx,
    }  # fmt: skip


def revise_all(store: Store, now: datetime) -> None:
    """Change one row of every table, so that each has a superseded value."""
    for table, rows in all_facts().items():
        row = dict(rows[0])
        for name, value in row.items():
            if name not in {"number", *(c.name for c in table.primary_key)} and isinstance(
                value, int | Decimal
            ):
                row[name] = value + 1
        write(store, table, [row], now=now)


def freeze_facts(store: Store, objects: Objects) -> SnapshotInfo:
    return freeze(store, objects, load_id="0" * 32, now=FIRST)
