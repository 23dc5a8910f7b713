"""What each session brought: bars, returns, halted days, indices and investors, as known at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from sillok.errors import DataError, MissingDataError
from sillok.market.listing import known_issues
from sillok.market.panel import Days, Rows, spread, used_labels
from sillok.market.reader import Day, Reader
from sillok.market.shapes import SHAPES

__all__ = ["Bars", "Field", "Investor"]

Field = Literal["open", "high", "low", "close", "volume", "amount_krw"]
Investor = Literal["individual", "foreign", "institution"]
_FIELDS: tuple[Field, ...] = get_args(Field)
_TRADED = ("open", "high", "low")  # 0 on a halted day: there was none


class Bars:
    """One snapshot as of one instant. Frames are indexed by session (midnight, no time zone), oldest first."""

    def __init__(self, reader: Reader, source: str) -> None:
        self._reader = reader
        self.snapshot_id, self.as_of, self.source = reader.snapshot_id, reader.as_of, source
        self.through: date = reader.days[-1].item()

    def sessions(self, *, start: Day | None = None, end: Day | None = None) -> pd.DatetimeIndex:
        """Return the sessions known at ``as_of`` in ``[start, end)``, oldest first."""
        return pd.DatetimeIndex(self._reader.between(start, end).astype("datetime64[us]"), name="date")

    def issues(self) -> pd.DataFrame:
        """Return the issues listed by ``as_of``, delisted ones among them, by symbol.

        Columns: ``name, market, industry, security_type`` (text), ``listed_on, delisted_on`` (days, NaT where
        not known or not come yet), ``shares`` (float64). An issue listed before the first load is known from
        its listing on; what only that load could tell (its number of shares) is NaN before it.
        """
        reader = self._reader

        def traded() -> set[str]:
            return used_labels(reader.rows("daily_bar", reader.days), "symbol")

        return known_issues(reader.issue_batches(), self.as_of, traded)

    def panel(
        self,
        field: Field = "close",
        *,
        start: Day | None = None,
        end: Day | None = None,
        symbols: Sequence[str] | None = None,
        adjusted: bool = True,
    ) -> pd.DataFrame:
        """Return sessions x symbols in float64, NaN where an issue has no bar.

        Prices in KRW; ``volume`` in shares; ``amount_krw`` NaN where the source gives none. On a halted day the
        close is the last one carried on; open, high and low are NaN.

        Parameters
        ----------
        adjusted
            True: prices and volume as if every split and the like had always been; False: as they were traded.
        start, end
            Days; ``end`` is exclusive. None: from the first known session, through the newest.
        symbols
            Columns, in this order; None: every issue with a bar in the span, sorted.

        Raises
        ------
        DataError
            If the field is unknown or the dates are reversed; MissingDataError if a symbol is unknown, the
            span reaches beyond what is known, or the snapshot holds no prices as traded.
        """
        if field not in _FIELDS:
            raise DataError(f"there is no field {field!r}; choose one of {', '.join(_FIELDS)}", field=field)
        days = self._reader.between(start, end)
        self._refuse_unknown(symbols)
        table = "daily_bar" if adjusted else "raw_bar"
        self._reader.require(table)
        parts = self._reader.rows(table, days)
        values = [rows.column(field) for rows in parts]
        if field in _TRADED:
            values = [np.where(value == 0, np.nan, value) for value in values]
        return self._frame(parts, "symbol", values, days, symbols)

    def returns(
        self,
        kind: Literal["simple", "log"] = "simple",
        *,
        start: Day | None = None,
        end: Day | None = None,
        symbols: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return daily close-to-close returns, sessions x symbols; row t is known at the close of t.

        The session before ``start`` gives the first row its base; the snapshot's very first session has none
        and is left out. NaN where either close is lacking: nothing is carried over a gap.
        """
        if kind not in {"simple", "log"}:
            raise DataError(f"there is no kind of return {kind!r}; choose simple or log", kind=kind)
        days = self._reader.between(start, end)
        before = self._reader.days[self._reader.days < days[0]][-1:] if len(days) else days
        base = before[0].item() if len(before) else start
        close = self.panel("close", start=base, end=end, symbols=symbols)
        ratio = close / close.shift(1)
        return (ratio - 1 if kind == "simple" else np.log(ratio)).iloc[1:]

    def halted(
        self, *, start: Day | None = None, end: Day | None = None, symbols: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return sessions x symbols in bool: True where a bar says that the issue was halted all day."""
        days = self._reader.between(start, end)
        self._refuse_unknown(symbols)
        parts = self._reader.rows("daily_bar", days)
        values = [(rows.column("open") == 0) & (rows.column("volume") == 0) for rows in parts]
        frame = self._frame(parts, "symbol", values, days, symbols)
        return frame == 1

    def investors(
        self,
        who: Investor,
        unit: Literal["krw", "qty"] = "krw",
        *,
        start: Day | None = None,
        end: Day | None = None,
        symbols: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return what ``who`` bought net, sessions x symbols in float64; below 0: sold net.

        In KRW, or in shares for ``qty``; NaN where it is not given. The vendor tells it some hours after the
        close: at the very close of a session its row is still NaN.

        Parameters
        ----------
        who
            ``individual``, ``foreign`` or ``institution``.
        start, end, symbols
            As for :meth:`panel`.

        Raises
        ------
        DataError
            If ``who`` or ``unit`` is unknown; MissingDataError as for :meth:`panel`.
        """
        field = f"{who}_{unit}"
        if field not in SHAPES["investor_day"].columns:
            raise DataError(
                f"there are no investors {who!r} in {unit!r}; choose one of {', '.join(get_args(Investor))} in krw or qty",
                field=field,
            )
        days = self._reader.between(start, end)
        self._refuse_unknown(symbols)
        self._reader.require("investor_day")
        parts = self._reader.rows("investor_day", days)
        return self._frame(parts, "symbol", [rows.column(field) for rows in parts], days, symbols)

    def index(self, code: str, *, start: Day | None = None, end: Day | None = None) -> pd.DataFrame:
        """Return an index by session: ``open, high, low, close`` in points, ``volume``, ``amount_krw``; float64.

        Raises
        ------
        MissingDataError
            If the snapshot has no such index, naming those it has.
        """
        days = self._reader.between(start, end)
        parts = self._reader.rows("index_bar", days)
        there = {name for rows in parts for name in rows.codes("code")[1]}
        if code not in there:
            raise MissingDataError(f"there is no index {code!r}; the snapshot has {sorted(there)}", code=code)
        columns = {
            field: self._frame(parts, "code", [rows.column(field) for rows in parts], days, [code])[code]
            for field in _FIELDS
        }
        return pd.DataFrame(columns).dropna(subset="close").rename_axis(index="date")

    def _frame(
        self,
        parts: list[Rows],
        label: str,
        values: Sequence[npt.NDArray[np.generic]],
        days: Days,
        labels: Sequence[str] | None,
    ) -> pd.DataFrame:
        index = pd.DatetimeIndex(days.astype("datetime64[us]"), name="date")
        if not len(days):
            return pd.DataFrame(index=index, columns=pd.Index(labels or [], name=label), dtype="float64")
        matrix, names = spread(parts, label, values, days, labels)
        return pd.DataFrame(matrix, index=index, columns=pd.Index(names, name=label), copy=False)

    @cached_property
    def _symbols(self) -> frozenset[str]:
        return frozenset(self.issues().index)

    def _refuse_unknown(self, symbols: Sequence[str] | None) -> None:
        unknown = [] if symbols is None else [name for name in symbols if name not in self._symbols]
        if unknown:
            raise MissingDataError(
                f"unknown symbols {unknown[:10]} as of {self.as_of.isoformat()}; market.issues() lists what there is",
                symbols=unknown,
            )
