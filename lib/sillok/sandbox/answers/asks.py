"""One call as an answer sees it, and how an answer is written: our names in, the vendor's units and text out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from sillok.kis import schema
from sillok.sandbox.gate import RefusedError
from sillok.sandbox.world.world import World

__all__ = [
    "DONE",
    "NOTHING",
    "OK_TEXT",
    "Ask",
    "Reply",
    "answer",
    "columns",
    "dump",
    "envelope",
    "invalid",
    "paged",
    "render",
]

OK_TEXT = "정상처리 되었습니다."
DONE = ("KIOK0510", "조회가 완료되었습니다")
NOTHING = ("KIOK0560", "조회할 내용이 없습니다")
_MORE = ("KIOK0500", "조회가 계속됩니다..다음버튼을 Click 하십시오.")
_MESSAGE_BYTES = 80  # account calls pad their message to this many bytes
_SCALES = {"million KRW": 1_000_000, "100 million KRW": 100_000_000, "thousand shares": 1_000}

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Ask:
    """A call: its endpoint, its query by our names, and where it goes on.

    ``after`` is the continuation key of the last page, stripped; ``rows`` is how many rows a page holds here;
    ``positions`` is how many the account holds.
    """

    endpoint: schema.Endpoint
    world: World
    query: Mapping[str, str]
    after: str = ""
    rows: int = 100
    is_paper: bool = False
    is_archive: bool = False
    positions: int = 12

    def get(self, name: str) -> str:
        """Return a parameter, stripped; "" if it was left out."""
        return self.query.get(name, "").strip()

    def day(self, name: str) -> date:
        """Return a parameter as a day, or refuse the call."""
        text = self.get(name)
        if len(text) != 8 or not text.isdigit():
            raise invalid(f"DATE_{name.upper()}")
        try:
            return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a calendar day
        except ValueError:
            raise invalid(f"DATE_{name.upper()}") from None

    def choice(self, name: str, known: Iterable[str], default: str = "") -> str:
        """Return a parameter that must be one of the ``known`` words, or refuse the call."""
        text = self.get(name) or default
        if text not in known:
            raise invalid(f"{name.upper()}_CODE")
        return text


@dataclass(frozen=True, slots=True)
class Reply:
    """The text of a body, and the paging mark of its header: F, M more follows, D, E the last, or nothing."""

    text: str
    paging: str = ""


def invalid(name: str) -> RefusedError:
    """Return the refusal of a parameter that cannot be."""
    return RefusedError("OPSQ2001", f"ERROR : INPUT INVALID_CHECK_{name}", 200)


def envelope(code: str = "MCA00000", text: str = OK_TEXT, result: str = schema.OK) -> dict[str, str]:
    """Return the three fields around every answer."""
    return {schema.RESULT: result, schema.MESSAGE_CODE: code, schema.MESSAGE: text}


def dump(body: object) -> str:
    """Return JSON text with Korean as it is."""
    return orjson.dumps(body).decode()


def _text(value: object, one: schema.Field) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, date):
        return f"{value:%Y%m%d}"
    scale = _SCALES.get(one.unit, 1)
    if one.kind == "int":
        number = int(value) if isinstance(value, int) else round(float(value))  # type: ignore[arg-type]
        return str((abs(number) + scale // 2) // scale * (1 if number >= 0 else -1))
    if isinstance(value, Decimal):
        return str(value)
    return f"{float(value) / scale:.2f}"  # type: ignore[arg-type]


def render(block: schema.Block, values: Values) -> dict[str, str]:
    """Return one object in the vendor's names.

    Amounts are given in whole KRW or shares and told in the field's unit; a fraction gets two decimals unless it
    comes as text or Decimal; None and what is not named are told in the vendor's form of missing.
    """
    given = {}
    for one in block.fields:
        value = values.get(one.name)
        if value is not None:
            given[one.name] = _text(value, one)
    return block.render(given)


def _block(block: schema.Block, told: Values | Sequence[Values]) -> Any:
    if isinstance(told, Mapping):
        return [render(block, told)] if block.shape == "single" else render(block, told)
    return [render(block, row) for row in told]


def columns(block: schema.Block, told: Mapping[str, Sequence[object]]) -> str:
    """Return the rows of a block as JSON text, out of columns that stand as the vendor tells them: fast, for many.

    The columns are plain text or whole numbers in the field's unit.
    """
    order = [one.name for one in block.fields if one.name in told]
    template = block.template(order)
    return ",".join([template % row for row in zip(*(told[name] for name in order), strict=True)])


def answer(ask: Ask, *told: Values | Sequence[Values]) -> Reply:
    """Return the answer of a market data call: an object or rows for each block, in the endpoint's order."""
    pairs = zip(ask.endpoint.blocks, told, strict=True)
    return Reply(dump({**{block.key: _block(block, values) for block, values in pairs}, **envelope()}))


def paged(
    ask: Ask, echo: str, rows: Sequence[Values], *rest: Values | Sequence[Values], key: str | None = None
) -> Reply:
    """Return a page of ``rows``, with the keys of the next padded as the vendor does, and the other blocks.

    ``rest`` are the blocks after the first. ``echo`` is the query that the vendor sends back. Without ``key``
    the continuation counts the rows that were told.
    """
    if ask.after and not ask.after.isdigit():
        raise invalid("CTX_AREA")
    told = int(ask.after or 0)
    page = rows[told : told + ask.rows]
    is_last = told + ask.rows >= len(rows)
    code, text = (DONE if rows else NOTHING) if is_last else _MORE
    mark = "D" if is_last else "M"  # F would do as well, but some clients look for M alone
    body: dict[str, Any] = {}
    if ask.endpoint.context is not None:
        search, following = ask.endpoint.context
        width = int("".join(sign for sign in search if sign.isdigit()) or 20)
        body[search.lower()] = echo.ljust(width)
        body[following.lower()] = ("" if is_last else key or str(told + ask.rows)).ljust(width)
    else:
        mark = ""
    blocks = zip(ask.endpoint.blocks, (page, *rest), strict=True)
    body |= {block.key: _block(block, values) for block, values in blocks}
    short = _MESSAGE_BYTES - len(text.encode("cp949"))
    return Reply(dump(body | envelope(code, text + " " * short)), mark)
