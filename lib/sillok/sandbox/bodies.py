"""Answers of the market data calls, as JSON text: rendered row by row, because replays ask for thousands."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Mapping

from sillok.kis import schema
from sillok.sandbox.gate import RefusedError
from sillok.sandbox.market import Bars, Market
from sillok.sandbox.quotes import DOWN, FLAT, UP, newest_values, price_values

__all__ = ["OK_TEXT", "Answers", "dump", "envelope"]

OK_TEXT = "정상처리 되었습니다."
_BAR = (
    "date",
    "close",
    "open",
    "high",
    "low",
    "volume",
    "amount_krw",
    "split_pct",
    "no_open",
    "sign",
    "change",
)
_BAR_TEMPLATE = schema.DAILY_CHART.rows.template(_BAR)
_POINT = ("date", "close", "open", "high", "low", "volume", "amount")
_POINT_TEMPLATE = schema.INDEX_CHART.rows.template(_POINT)


def envelope(code: str = "MCA00000", text: str = OK_TEXT, result: str = schema.OK) -> dict[str, str]:
    """Return the three fields around every answer."""
    return {schema.RESULT: result, schema.MESSAGE_CODE: code, schema.MESSAGE: text}


def dump(body: object) -> str:
    """Return JSON text with Korean as it is."""
    return json.dumps(body, ensure_ascii=False)


def _invalid(name: str) -> RefusedError:
    return RefusedError("OPSQ2001", f"ERROR : INPUT INVALID_CHECK_{name}", 200)


def _read_dates(query: Mapping[str, str]) -> tuple[int, int]:
    numbers = []
    for name in ("start", "end"):
        text = query.get(name, "")
        if len(text) != 8 or not text.isdigit():
            raise _invalid(f"DATE_{name.upper()}")
        numbers.append(int(text))
    return numbers[0], numbers[1]


class Answers:
    """The answers that one market gives; sessions are kept as a plain list for bisection."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._sessions: list[int] = market.sessions.tolist()
        self._tail = "," + dump(envelope())[1:]

    # ---- daily chart
    def daily_chart(self, query: Mapping[str, str]) -> str:
        """Return the newest 100 sessions of the span; days before the listing are empty objects."""
        start, end = _read_dates(query)
        raw = query.get("raw", "0")
        if raw not in {"0", "1"}:
            raise _invalid("ORG_ADJ_PRC")
        bars = self.market.raw if raw == "1" else self.market.adjusted
        if bars is None:
            raise RefusedError("OPSQ9001", "재생 데이터에는 수정주가만 있습니다 (adjusted prices only)", 200)
        symbol = query.get("symbol", "")
        low, high = bars.slice_of(symbol)
        if low == high:
            head = schema.DAILY_CHART.head.render({})
            return self._chart(schema.DAILY_CHART, dump(head), "")
        dates = bars.date[low:high]
        first = low + int(dates.searchsorted(start, "left"))
        last = low + int(dates.searchsorted(end, "right"))
        first = max(first, last - schema.DAILY_CHART.page_rows)
        rows = self._bar_rows(bars, first, last, is_oldest=first == low)
        room = schema.DAILY_CHART.page_rows - (last - first)
        if room and first == low:
            listed = int(dates[0])
            asked = bisect_left(self._sessions, min(listed, end + 1)) - bisect_left(self._sessions, start)
            rows += ["{}"] * max(0, min(room, asked))
        return self._chart(
            schema.DAILY_CHART,
            dump(schema.DAILY_CHART.head.render(newest_values(self.market, symbol, bars, high - 1))),
            ",".join(rows),
        )

    def _bar_rows(self, bars: Bars, first: int, last: int, *, is_oldest: bool) -> list[str]:
        """Return the rows of ``[first, last)``, newest first."""
        if first >= last:
            return []
        columns = [
            getattr(bars, name)[first:last].tolist()
            for name in (
                "date",
                "close",
                "open",
                "high",
                "low",
                "volume",
                "amount_krw",
                "split_pct",
                "change",
            )
        ]
        rows = []
        for day, close, open_, high, low, volume, amount, split, change in zip(*columns, strict=True):
            rows.append(
                _BAR_TEMPLATE
                % (
                    day, close, open_, high, low, volume,
                    amount if amount >= 0 else "",
                    f"{split}.00",
                    "Y" if not open_ else "N",
                    UP if change > 0 else DOWN if change < 0 else FLAT,
                    change,
                )
            )  # fmt: skip
        rows.reverse()
        return rows

    def price(self, query: Mapping[str, str]) -> str:
        """Return the current price; an unknown issue gets blanks and zeros, with success."""
        values = price_values(self.market, query.get("symbol", ""))
        return dump({schema.PRICE.head.key: schema.PRICE.head.render(values), **envelope()})

    # ---- index chart
    def index_chart(self, query: Mapping[str, str]) -> str:
        """Return the newest 50 sessions of the span: thousand shares, million KRW."""
        start, end = _read_dates(query)
        wanted = query.get("symbol", "")
        code = next((ours for ours, theirs in schema.INDEX_CODES.items() if theirs == wanted), "")
        series = self.market.indices.get(code)
        if series is None:
            return self._chart(schema.INDEX_CHART, dump(schema.INDEX_CHART.head.render({})), "")
        first = int(series.date.searchsorted(start, "left"))
        last = int(series.date.searchsorted(end, "right"))
        first = max(first, last - schema.INDEX_CHART.page_rows)
        rows = [
            _POINT_TEMPLATE
            % (
                int(series.date[at]),
                *(f"{int(getattr(series, name)[at]) / 100:.2f}" for name in ("close", "open", "high", "low")),
                _scaled(int(series.volume[at]), 1_000),
                _scaled(int(series.amount_krw[at]), 1_000_000),
            )
            for at in range(last - 1, first - 1, -1)
        ]
        head = {"name": code, "code": wanted, "price": f"{int(series.close[-1]) / 100:.2f}"}
        return self._chart(schema.INDEX_CHART, dump(schema.INDEX_CHART.head.render(head)), ",".join(rows))

    def _chart(self, endpoint: schema.Endpoint, head: str, rows: str) -> str:
        return f'{{"{endpoint.head.key}":{head},"{endpoint.rows.key}":[{rows}]{self._tail}'


def _scaled(value: int, unit: int) -> str:
    return "" if value < 0 else str((value + unit // 2) // unit)
