"""How each table lies in a snapshot: its columns, their order, and the day that says which year a row is in."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Table

from sillok.store import tables
from sillok.store.types import Exact

__all__ = ["SHAPES", "Shape", "plain"]

_DAY, _INSTANT = pa.date32(), pa.timestamp("us", tz="UTC")
_LABEL, _TEXT, _COUNT, _PRICE = pa.dictionary(pa.int32(), pa.string()), pa.string(), pa.int64(), pa.int32()
_PRICES = ("open", "high", "low", "close")


def plain(schema: pa.Schema) -> pa.Schema:
    """Return the schema with every dictionary as the strings it stands for."""
    return pa.schema([f.with_type(_TEXT) if pa.types.is_dictionary(f.type) else f for f in schema])


@dataclass(frozen=True, slots=True)
class Shape:
    """How a store table lies in a partition: its columns, sorted by ``order``, a partition a year of ``day``.

    Strings that come again and again are dictionaries. A decimal is a scaled integer in the file, whose field
    says the scale: exact, and mapped like any number.
    """

    table: Table
    columns: dict[str, pa.DataType]
    order: tuple[str, ...]
    day: str = ""  # empty: the whole table is one partition

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.primary_key.columns)

    @property
    def has_text(self) -> bool:
        """Whether a column holds free text, which may hold a tab or a new line."""
        return _TEXT in self.columns.values()

    def schema(self, *, old: bool = False) -> pa.Schema:
        """Return the Arrow schema of the rows; superseded ones also say until when they were known as they were."""
        fields = [pa.field(name, kind) for name, kind in self.columns.items()] + [
            pa.field("known_at", _INSTANT)
        ]
        return pa.schema([*fields, pa.field("known_until", _INSTANT)] if old else fields)


def _decimals(table: Table, *names: str) -> dict[str, pa.DataType]:
    kinds = {name: table.c[name].type for name in names}
    return {
        name: pa.decimal128(kind.precision, kind.scale)
        for name, kind in kinds.items()
        if isinstance(kind, Exact)
    }


def _shape_bars(table: Table, kind: pa.DataType, *, label: str = "symbol") -> Shape:
    columns = {
        label: _LABEL,
        "date": _DAY,
        **dict.fromkeys(_PRICES, kind),
        "volume": _COUNT,
        "amount_krw": _COUNT,
    }
    return Shape(table, columns, ("date", label), day="date")


def _shape_raw_bars() -> Shape:
    bars = _shape_bars(tables.raw_bar, _PRICE)
    split = _decimals(tables.raw_bar, "split_pct")
    more = {"ex_code": _LABEL, **split, "revaluation": _LABEL}
    return Shape(tables.raw_bar, bars.columns | more, bars.order, day="date")


def _shape_statements() -> Shape:
    table, columns = tables.statement, {"symbol": _LABEL, "basis": _LABEL, "period": _DAY}
    for column in table.c:
        if column.name not in {*columns, "known_at", "recorded_at"}:
            columns |= _decimals(table, column.name) or {column.name: _COUNT}
    return Shape(table, columns, ("period", "symbol", "basis"), day="period")


def _shape_actions() -> Shape:
    columns = {
        "symbol": _LABEL,
        "kind": _LABEL,
        "record_date": _DAY,
        "number": _PRICE,
        "name": _TEXT,
        **dict.fromkeys(("ex_date", "list_date", "pay_date", "halt_from", "halt_to"), _DAY),
        **_decimals(tables.corporate_action, "ratio_pct"),
        **dict.fromkeys(("cash_krw", "par_before", "par_after", "shares", "price_krw"), _COUNT),
        "note": _TEXT,
    }
    return Shape(
        tables.corporate_action, columns, ("record_date", "symbol", "kind", "number"), day="record_date"
    )


def _shape_abroad() -> Shape:
    table = tables.overseas_bar
    columns = {"market": _LABEL, "symbol": _LABEL, "date": _DAY, **_decimals(table, *_PRICES)}
    columns |= dict.fromkeys(("volume", "amount"), _COUNT)
    return Shape(table, columns, ("date", "market", "symbol"), day="date")


_NET = [f"{who}_{unit}" for unit in ("qty", "krw") for who in ("individual", "foreign", "institution")]
SHAPES = {
    shape.table.name: shape
    for shape in (
        Shape(tables.session, {"date": _DAY}, ("date",)),
        Shape(
            tables.issue,
            {
                **dict.fromkeys(("symbol", "isin", "name", "market", "security_type", "industry"), _TEXT),
                "listed_on": _DAY,
                "delisted_on": _DAY,
                "shares": _COUNT,
            },
            ("symbol",),
        ),
        _shape_bars(tables.index_bar, pa.float64(), label="code"),
        _shape_bars(tables.daily_bar, _PRICE),
        _shape_raw_bars(),
        Shape(
            tables.investor_day,
            {"symbol": _LABEL, "date": _DAY, **dict.fromkeys(_NET, _COUNT)},
            ("date", "symbol"),
            day="date",
        ),
        _shape_statements(),
        _shape_actions(),
        _shape_abroad(),
        Shape(
            tables.rate_bar,
            {"pair": _LABEL, "date": _DAY, **_decimals(tables.rate_bar, *_PRICES)},
            ("date", "pair"),
            day="date",
        ),
    )
}
