"""What issuers said, point in time: statements and corporate actions as known at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import pandas as pd

from sillok.errors import DataError
from sillok.market.bars import Bars
from sillok.market.frames import to_frame
from sillok.market.panel import used_labels
from sillok.market.reader import Day, as_day
from sillok.market.shapes import SHAPES
from sillok.market.statements import join_as_of

__all__ = ["ActionDate", "Basis", "Disclosures"]

Basis = Literal["annual", "quarter"]
ActionDate = Literal["record_date", "ex_date", "list_date", "pay_date"]
_KINDS = {"dividend", "bonus", "rights", "split", "merger", "capital_reduction", "listing"}
_FIGURES = tuple(name for name in SHAPES["statement"].columns if name not in SHAPES["statement"].key)


class Disclosures(Bars):
    """A market's statements and corporate actions, beside its bars."""

    def statements(
        self,
        symbols: Sequence[str] | None = None,
        basis: Basis = "annual",
        fields: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return the accounts by ``(symbol, period)``: of each period the value known at ``as_of``.

        ``period`` is the last day of the fiscal month. Amounts and values a share in KRW, growth and ratios in
        percent, float64, NaN where not given; amounts count from the beginning of the fiscal year, in the
        quarters too. ``known_at`` (Asia/Seoul) says since when the row was known.

        Parameters
        ----------
        fields
            Columns, in this order; None: all.

        Raises
        ------
        DataError
            If the basis or a field is unknown; MissingDataError if a symbol is unknown, or the snapshot holds
            no statements.
        """
        names = self._figures(basis, _FIGURES if fields is None else fields)
        self._refuse_unknown(symbols)
        parts = [rows.only("basis", basis) for rows in self._reader.standing("statement")]
        frame = to_frame("statement", parts, ["symbol", "period", *names])
        if symbols is not None:
            frame = frame[frame["symbol"].isin(list(symbols))]
        return frame.set_index(["symbol", "period"]).sort_index()

    def fundamentals(
        self,
        field: str,
        basis: Basis = "annual",
        *,
        start: Day | None = None,
        end: Day | None = None,
        symbols: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return sessions x symbols in float64: at each session's close, the field of the newest period known then.

        Units as in :meth:`statements`. NaN before an issue's first statement, and where the newest one gives no
        such value; it stands until the next one is known, past a delisting too.

        Parameters
        ----------
        start, end, symbols
            As for :meth:`panel`; symbols None: every issue with a statement of the basis, sorted.

        Raises
        ------
        DataError
            If the basis or the field is unknown; MissingDataError as for :meth:`statements`.
        """
        self._figures(basis, [field])
        days = self._reader.between(start, end)
        self._refuse_unknown(symbols)
        parts = [rows.only("basis", basis) for rows in self._reader.versions("statement")]
        names = sorted(used_labels(parts, "symbol")) if symbols is None else list(symbols)
        values = join_as_of(parts, field, self._reader.closes(days), names)
        index = pd.DatetimeIndex(days.astype("datetime64[us]"), name="date")
        return pd.DataFrame(values, index=index, columns=pd.Index(names, name="symbol"), copy=False)

    def corporate_actions(
        self,
        start: Day | None = None,
        end: Day | None = None,
        kinds: Sequence[str] | None = None,
        *,
        symbols: Sequence[str] | None = None,
        by: ActionDate = "record_date",
    ) -> pd.DataFrame:
        """Return corporate actions known at ``as_of``, one a row, by their day; announced ones may lie ahead.

        Columns: ``symbol, kind, name, note`` (text), ``number`` (counts several of a kind on a day), ``record_date, ex_date,
        list_date, pay_date, halt_from, halt_to`` (days, NaT where not given), ``ratio_pct`` (percent), ``cash_krw``
        (KRW a share), ``par_before, par_after, price_krw`` (KRW), ``shares``, ``known_at`` (Asia/Seoul).

        Parameters
        ----------
        start, end
            Span of the day ``by``; ``end`` is exclusive. None: no limit.
        kinds
            Of ``dividend, bonus, rights, split, merger, capital_reduction, listing``; None: all.
        by
            The day that counts: ``record_date`` (of a listing: its day), ``ex_date``, ``list_date``, ``pay_date``.

        Raises
        ------
        DataError
            If ``by`` or a kind is unknown; MissingDataError if a symbol is unknown, or the snapshot holds none.
        """
        unknown = sorted({*(kinds or ())} - _KINDS)
        if unknown or by not in get_args(ActionDate):
            raise DataError(
                f"unknown kinds {unknown} or day {by!r}; kinds are {sorted(_KINDS)}, days {get_args(ActionDate)}",
                kinds=unknown,
                by=by,
            )
        self._refuse_unknown(symbols)
        names = list(SHAPES["corporate_action"].columns)
        frame = to_frame("corporate_action", self._reader.standing("corporate_action"), names)
        is_asked = pd.Series(True, index=frame.index)
        for column, asked in (("kind", kinds), ("symbol", symbols)):
            if asked is not None:
                is_asked &= frame[column].isin(list(asked))
        if start is not None:
            is_asked &= frame[by] >= as_day(start)
        if end is not None:
            is_asked &= frame[by] < as_day(end)
        order = list(dict.fromkeys([by, "symbol", "kind", "record_date", "number"]))
        return frame[is_asked].astype({"number": "int64"}).sort_values(order, ignore_index=True)

    def _figures(self, basis: str, fields: Sequence[str]) -> list[str]:
        unknown = [name for name in fields if name not in _FIGURES]
        if unknown or basis not in get_args(Basis):
            raise DataError(
                f"unknown fields {unknown} or basis {basis!r}; fields are {', '.join(_FIGURES)}, bases annual and quarter",
                fields=unknown,
                basis=basis,
            )
        return list(fields)
