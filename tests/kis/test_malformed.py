"""More than a hundred thousand malformed answers: each is read for what it says, or refused with a clear error.

A *wrong row* is a row that does not say what the vendor's text says. Its meaning is worked out a second time by
``oracle.py``, from the text alone. So, for every input:

- the client returns a row if, and only if, each field that it reads has a meaning, and the row holds those meanings,
  in their types; a row that the damage did not touch is therefore the row that it was before;
- the rows come in the vendor's order, none left out but the empty objects, none made up;
- otherwise it raises a SillokError that names the call, and shows nothing of an account; never anything else;
- it asks a bounded number of times, whatever comes back.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sillok.clock import KST
from sillok.errors import SillokError
from sillok.kis import history, schema
from sillok.kis.actions import ACTION_KINDS, corporate_actions
from sillok.kis.answers import read_answer
from sillok.kis.calls import Calls
from sillok.kis.executions import executions
from sillok.kis.listings import parse_delistings, parse_master, parse_sectors, unzip_text
from sillok.kis.paging import chart_bars
from sillok.kis.parse import parse_balance, parse_daily_bars, parse_days, parse_index_bars, parse_quote
from sillok.kis.records import BalanceSheet, FinancialRatio, IncomeStatement
from sillok.kis.rows import object_of, reader, rows_of
from sillok.kis.schema import Block, Endpoint, Field
from sillok.kis.statements import statements
from tests.kis.oracle import REFUSED, same, says, says_row
from tests.kis.vendor import answer

SAMPLES = Path(__file__).parents[2] / "../shared/kis/samples"
Body = dict[str, Any]
# Inputs of each kind; together more than 100,000.
TEXTS, SHAPES, BYTES, CALLS = 42_000, 18_000, 30_000, 21_000

NUMBERS = [
    "1_000", "１２３", "١٢٣", "12\n", "\n12", "\t12", "1e5", "1E-2", "NaN", "sNaN", "Infinity", "-inf", "-0", "-0.00",
    "+5.61", " 12.00", "000000000600", "99.99", "99.990", "9" * 18, "9" * 19, "9" * 400, "9" * 5_000, "0.123456789012",
    "0.1234567890123", "12.50", ".5", "5.", ".", "-", "+", "", "   ", "- 5", "--5", "1,000", "0x10", "12 3", "½", "²", "12\x00",
    "1\u2009000", "\u00a012", "null", "None", "-1", "0", "12", "92233720368547758", "92233720368.54775807",
    "12.0000", "-1.500000000", "25893.0000000000", "0.00010",
]  # fmt: skip
DAYS = [
    "20261399", "20260230", "00000000", "20260229", "20240229", "2026/02/04", "2026/2/4", "2026-02-04", "２０２６０１０１", "2026010",
    "202601011", "00000101", "99991231", "202613", "202600", "999912", "202602", "240000", "235959", "096000", "09:30", "2026/02/04 ~",
    "2026/02/04 ~ 2026/02/10", "2026/02/10 ~ 2026/02/04", "~ 2026/02/10", "~", "a ~ b ~ c", "20260204 ~ 20260210",
]  # fmt: skip
OTHER_TEXTS = [
    "Y",
    "N",
    "y",
    "1",
    "2",
    "3",
    "5",
    "01",
    "02",
    "가나",
    "\ud800",
    "가\x00",
    "🙂" * 50,
    "a\nb",
    "00",
    "06",
    "０６",
    "\u202e12",
]
VALUES = [
    None,
    12,
    12.5,
    float("nan"),
    float("inf"),
    -0.0,
    True,
    False,
    [],
    [[["12"]]],
    {},
    {"a": "12"},
    10**400,
    ["12"],
]
BLOCKS = [None, "", "text", 7, 7.5, True, [], {}, [[]], [None], ["12"], [[{}]], [{}, {}], float("nan")]
BITS = [b"NaN", b"Infinity", b"-0", b"null", b"[[]]", b"1_000", "１".encode(), b"\\u0000", b"1e999", b"\xff", b"\xed\xa0\x80", b"{}", b'"', b",",
        b"]", b"}", b"[" * 30, b'"rt_cd":"1",', b'"rt_cd":"7","msg_cd":"EGW00201",', b"\\ud800"]  # fmt: skip


# ---- what is damaged
def bodies() -> dict[str, Body]:
    """Return a sound answer for every call: three rows by the schema, with the vendor's example rows where they are."""
    made = {}
    for name in schema.ENDPOINTS:
        rows = [
            {
                "date": f"2026010{day}",
                "record_date": f"2026010{day}",
                "list_date": f"2026010{day}",
                "period": f"2025{day + 4:02d}",
            }
            for day in (8, 7, 6)
        ]
        known = {
            field.name
            for block in schema.ENDPOINTS[name].blocks
            if block.shape == "list"
            for field in block.fields
        }
        made[name] = answer(name, *({field: row[field] for field in row if field in known} for row in rows))
    return made


EXAMPLES = {
    "chk-holiday": "holidays", "financial-ratio": "financial_ratio", "income-statement": "income_statement",
    "inquire-asking-price-exp-ccn": "order_book", "inquire-balance": "balance", "inquire-daily-ccld": "executions",
    "inquire-daily-itemchartprice": "daily_chart", "inquire-daily-itemchartprice.prelisting": "daily_chart",
    "inquire-daily-price": "daily_prices", "inquire-investor": "investors", "inquire-price": "price",
    "inquire-time-itemchartprice": "minutes_today", "ksdinfo-dividend": "dividends", "ksdinfo-rev-split": "splits",
    "nav-comparison-daily-trend": "fund_nav_daily", "overseas-dailyprice": "overseas_daily",
    "overseas-present-balance": "present_balance", "overseas-price": "overseas_price",
}  # fmt: skip


def everything() -> list[tuple[str, Body]]:
    """Return name and body of all that is damaged here."""
    found = list(bodies().items())
    for file, name in EXAMPLES.items():
        path = SAMPLES / f"{file}.json"
        if path.is_file():
            found += [(name, json.loads(path.read_text("utf-8")))] * 3
    return found


# ---- the two readings of one block
def blocks_of(name: str) -> Iterator[tuple[Endpoint, Block]]:
    endpoint = schema.ENDPOINTS[name]
    for block in endpoint.blocks:
        yield endpoint, block


def told_rows(body: Body, endpoint: Endpoint, block: Block) -> Any:
    """Return the rows that an answer holds by the vendor's habits, or REFUSED."""
    names = [block.key, block.key.capitalize()]
    if len(endpoint.blocks) == 1:
        names += ["output", "output1", "Output", "Output1"]
    found = next((body[name] for name in names if body.get(name)), None)
    if block.shape == "list":
        return [] if found is None else found if isinstance(found, list) else REFUSED
    if isinstance(found, list):
        found = found[0] if len(found) == 1 else REFUSED
    if found is None or found == {}:
        return []
    return [found] if isinstance(found, dict) else REFUSED


def meaning_of(body: Body, endpoint: Endpoint, block: Block) -> Any:
    """Return what all rows of a block say, name to value, or REFUSED."""
    rows = told_rows(body, endpoint, block)
    if rows is REFUSED:
        return REFUSED
    found = [says_row(block.fields, row) for row in rows if row != {}]
    return REFUSED if any(row is REFUSED for row in found) else found


def check_error(err: SillokError, endpoint: Endpoint | None = None, secret: str = "") -> None:
    text = str(err)
    assert 20 < len(text) < 2_000, text[:300]
    assert any(word in text for word in ("KIS", "HTTP", "/uapi/", "master file")), text[:300]
    if endpoint is not None and endpoint.is_ledger:
        assert not secret or len(secret) < 4 or secret not in text


def check_block(body: Body, name: str, endpoint: Endpoint, block: Block, secret: str = "") -> str:
    """Read one block by the client and by the oracle; return "rows" or the error's name."""
    take = reader(name, block.key)
    said = meaning_of(body, endpoint, block)
    try:
        one = None if block.shape == "list" else take.one(body)
        found = take.rows(body) if block.shape == "list" else [] if one is None else [one]
    except SillokError as err:
        if said is not REFUSED:
            pytest.fail(f"{name}.{block.key}: refused what is sound: {err}")
        check_error(err, endpoint, secret)
        return type(err).__name__
    assert said is not REFUSED, f"{name}.{block.key}: read what says nothing: {found}"
    assert len(found) == len(said)
    for record, row in zip(found, said, strict=True):
        for field, value in zip(record._fields, record, strict=True):
            assert same(value, row[field]), (
                f"{name}.{block.key}.{field}: {value!r} where the text says {row[field]!r}"
            )
    return "rows"


# ---- damage to one text, to a shape, to bytes
def damaged_text(chance: random.Random, text: str) -> Any:
    kind = chance.randrange(10)
    if kind < 4:
        return chance.choice(NUMBERS if kind < 2 else DAYS if kind == 2 else OTHER_TEXTS)
    if kind == 4:
        return chance.choice(VALUES)
    at = chance.randrange(len(text) + 1)
    if kind == 5:
        return text[:at] + chance.choice("_ \n\t.-+eE,/~０９\u00a0\x00Y1") + text[at:]
    if kind == 6:
        return text[:at]
    if kind == 7:
        return text[:at] + text[at:] * 2
    if kind == 8 and text:
        return text.translate({ord(digit): 0xFF10 + int(digit) for digit in chance.sample("0123456789", 3)})
    return text[:at] + str(chance.randrange(10)) + text[at + 1 :]


def rows_in(body: Body) -> list[dict[str, Any]]:
    found = []
    for part in body.values():
        some = part if isinstance(part, list) else [part]
        found += [row for row in some if isinstance(row, dict) and row]
    return found


def damage_shape(chance: random.Random, body: Body) -> Body:
    """Return the body with a block, row or field of another shape, in another place, or gone."""
    body = {
        key: [dict(row) if isinstance(row, dict) else row for row in part]
        if isinstance(part, list)
        else dict(part)
        if isinstance(part, dict)
        else part
        for key, part in body.items()
    }
    keys = [key for key, part in body.items() if isinstance(part, list | dict)]
    key = chance.choice(keys)
    part = body[key]
    kind = chance.randrange(12)
    if kind == 0:
        body[key] = chance.choice(BLOCKS)
    elif kind == 1:
        del body[key]
    elif kind == 2:
        body[chance.choice([*keys, "Output", "output", "output1", "output2", "OUTPUT"])] = body.pop(key)
    elif kind == 3:
        body[key] = part[0] if isinstance(part, list) and part else [part]
    elif kind == 4 and isinstance(part, list) and part:
        part[chance.randrange(len(part))] = chance.choice([*VALUES, {}])
    elif kind == 5 and isinstance(part, list) and part:
        part.insert(
            chance.randrange(len(part) + 1), chance.choice([{}, None, chance.choice(part), [], "row"])
        )
    elif kind == 6 and isinstance(part, list):
        chance.shuffle(part)
    elif kind == 7 and isinstance(part, list) and part:
        del part[chance.randrange(len(part))]
    else:
        row = chance.choice(rows_in(body) or [{}])
        names = list(row)
        if not names:
            return body
        first, second = chance.choice(names), chance.choice(names)
        if kind == 8:
            row[first], row[second] = row[second], row[first]
        elif kind == 9:
            row[first.upper()] = row.pop(first)
        else:
            row.pop(first)
            if kind == 11:
                row.pop(second, None)
    return body


def damage_bytes(chance: random.Random, data: bytes) -> bytes:
    """Return the bytes with some flipped, dropped, doubled, cut off or pushed in."""
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        at = chance.randrange(len(data) + 1)
        width = chance.choice([1, 1, 2, 5, 20, 200])
        kind = chance.randrange(6)
        if kind == 0 and data:
            at = chance.randrange(len(data))
            data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + data[at + width :]
        elif kind == 2:
            data = data[: at + width] + data[at:]
        elif kind == 3 and chance.random() < 0.3:
            data = data[:at]
        elif kind == 4:
            data = data[:at] + chance.choice(BITS) + data[at:]
        else:
            data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
    return data


# ---- the generic reader, over every call
def test_a_damaged_text_is_read_for_what_it_says_or_refused() -> None:
    chance = random.Random(20260105)
    seen: Counter[str] = Counter()
    sound = [
        (name, body, endpoint, block, row)
        for name, body in everything()
        for endpoint, block in blocks_of(name)
        for row in told_rows(body, endpoint, block)
        if row
    ]
    for _ in range(TEXTS):
        name, body, endpoint, block, row = chance.choice(sound)
        field = chance.choice(list(row))
        before = row[field]
        row[field] = damaged_text(chance, before)
        secret = row[field] if isinstance(row[field], str) and len(row[field]) > 5 else ""
        try:
            seen[check_block(body, name, endpoint, block, secret)] += 1
        finally:
            row[field] = before
    assert seen["rows"] > TEXTS / 4
    assert seen["FatalVendorError"] > TEXTS / 4


def test_a_damaged_shape_is_read_for_what_it_says_or_refused() -> None:
    chance = random.Random(20260106)
    seen: Counter[str] = Counter()
    sound = everything()
    for _ in range(SHAPES):
        name, body = chance.choice(sound)
        damaged = damage_shape(chance, body)
        for endpoint, block in blocks_of(name):
            seen[check_block(damaged, name, endpoint, block)] += 1
    assert seen["rows"] > SHAPES / 4
    assert seen["FatalVendorError"] > SHAPES / 4


def test_damaged_bytes_are_read_for_what_they_say_or_refused() -> None:
    chance = random.Random(20260107)
    seen: Counter[str] = Counter()
    sound = [(name, json.dumps(body, ensure_ascii=False).encode()) for name, body in everything()]
    for _ in range(BYTES):
        name, data = chance.choice(sound)
        status = chance.choice([200, 200, 200, 500])
        try:
            body = read_answer(status, damage_bytes(chance, data), f"/uapi/{name}")
        except SillokError as err:
            check_error(err)
            seen[type(err).__name__] += 1
            continue
        assert status == 200
        for endpoint, block in blocks_of(name):
            seen[check_block(body, name, endpoint, block)] += 1
    assert seen["rows"] > BYTES / 20
    assert {"FatalVendorError", "RetriableVendorError"} <= set(seen)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"output":[' + b"[" * 5_000,
        b"9" * 100_000,
        b"",
        b"\xff\xfe",
        b"{}",
        b"null",
        b'"text"',
    ],
)
def test_an_answer_that_is_no_answer_is_a_clear_error(data: bytes) -> None:
    for status in (200, 500):
        if data == b"{}" and status == 200:
            assert read_answer(status, data, "/uapi/x") == {}
            continue
        with pytest.raises(SillokError, match="HTTP") as caught:
            read_answer(status, data, "/uapi/x")
        check_error(caught.value)


# ---- the methods, driven without a network
class Wire:
    """A transport whose first call is answered with a body, and every other with nothing."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.calls = 0

    async def get(self, endpoint: Endpoint, query: Any, **_: Any) -> tuple[Body, str]:
        """Return the body."""
        self.calls += 1
        assert self.calls < 40, "asks without an end"
        return (self.body if self.calls == 1 else {}), ""


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what never waits to its end."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waits for something")


START, END = date(2026, 1, 1), date(2026, 1, 9)
Method = Callable[[Calls], Coroutine[Any, Any, list[Any]]]


def _charted(endpoint: Endpoint, query: dict[str, str], parse: Callable[[Any], list[Any]]) -> Method:
    return lambda calls: chart_bars(calls.transport, endpoint, query, START, END, parse=parse)


METHODS: dict[str, tuple[str, Method]] = {
    "daily_bars": ("daily_chart", _charted(schema.DAILY_CHART, {"symbol": "900010", "raw": "0"}, partial(parse_daily_bars, "900010"))),
    "index_bars": ("index_chart", _charted(schema.INDEX_CHART, {"symbol": "0001"}, partial(parse_index_bars, "KOSPI"))),
    "raw_bars": ("daily_chart", lambda calls: history.raw_bars(calls, "900010", START, END)),
    "minute_bars": ("minutes", lambda calls: history.minute_bars(calls, "900010", date(2026, 1, 8), None)),
    "investor_days": ("investors", lambda calls: history.investor_days(calls, "900010", START, END)),
    "overseas_bars": ("overseas_daily", lambda calls: history.overseas_bars(calls, "NAS", "XFAKE", START, END, adjusted=True)),
    "fx_bars": ("overseas_chart", lambda calls: history.fx_bars(calls, "USDKRW", START, END)),
    "income_statements": ("income_statement", lambda calls: statements(calls, IncomeStatement, "900010", "annual")),
    "balance_sheets": ("balance_sheet", lambda calls: statements(calls, BalanceSheet, "900010", "annual")),
    "financial_ratios": ("financial_ratio", lambda calls: statements(calls, FinancialRatio, "900010", "annual")),
    "executions": ("executions", lambda calls: executions(calls, START, END, date(2026, 1, 9))),
    **{
        kind: (name, lambda calls, kind=kind: corporate_actions(calls, kind, START, END, ""))
        for kind, (name, _) in ACTION_KINDS.items()
    },
}  # fmt: skip
# Fields of a record that are worked out rather than read, or that another name of the vendor's is read into.
MADE = {
    "minute_bars": {"time", "amount_krw", "volume"}, "executions": {"side"}, "raw_bars": {"ex_code", "revaluation"},
    "listing": {"record_date"}, "dividend": {"ratio_pct"},
}  # fmt: skip
MADE_ALWAYS = {"note", "kind", "halt_from", "halt_to"}


def fields_by_name(block: Block) -> dict[str, Field]:
    return {one.name: one for one in block.fields}


def is_said(record: Any, row: dict[str, Any], fields: dict[str, Field], made: set[str]) -> bool:
    """Return whether every field of ``record`` that the block has is what ``row`` says."""
    for name, value in zip(record._fields, record, strict=True):
        if name in made or (name == "symbol" and value in {"900010", "XFAKE"}):
            continue
        field = fields.get({"amount_krw": "amount"}.get(name, name) if name not in fields else name)
        if field is not None and not same(value, says(field, row.get(field.vendor))):
            return False
    return True


def check_method(method: str, name: str, ask: Method, body: Body) -> str:
    """Drive one method with a body; return "rows" or the error's name."""
    calls = Calls(Wire(body), paper=False, account="9876543201", now=lambda: datetime(2026, 1, 9, tzinfo=KST))  # type: ignore[arg-type]
    endpoint = schema.ENDPOINTS[name]
    try:
        found = run(ask(calls))
    except SillokError as err:
        check_error(err)
        return type(err).__name__
    block = endpoint.rows
    rows = [row for row in told_rows(body, endpoint, block) if isinstance(row, dict)]
    fields, made = fields_by_name(block), MADE.get(method, set()) | MADE_ALWAYS
    for record in found:
        assert any(is_said(record, row, fields, made) for row in rows), f"{method}: nobody said {record}"
    check_order(method, found)
    return "rows"


def check_order(method: str, found: list[Any]) -> None:
    """Series come oldest first, each day once, and within the span."""
    if method in ACTION_KINDS:
        days = [record.record_date for record in found]
        assert days == sorted(days)
    elif method == "executions":
        days = [record.date for record in found]
    elif hasattr(found[0] if found else None, "period"):
        assert [record.period for record in found] == sorted(record.period for record in found)
        return
    elif method == "minute_bars":
        times = [record.time for record in found]
        assert times == sorted(set(times))
        assert all(record.time.tzinfo is KST and (record.amount_krw or 0) >= 0 for record in found)
        return
    else:
        days = [record.date for record in found]
        assert days == sorted(set(days))
    assert all(START <= day < END for day in days)


def bodies_of_methods() -> list[tuple[str, str, Method, Body]]:
    sound = bodies()
    times = [
        {"date": "20260108", "time": f"0902{second}", "cumulative_amount_krw": total}
        for second, total in (("00", 30), ("01", 20), ("02", 10))
    ]
    sound["minutes"] = answer(
        "minutes", *({**row, "time": f"090{2 - place}00"} for place, row in enumerate(times))
    )
    return [(method, name, ask, sound[name]) for method, (name, ask) in METHODS.items()]


def test_a_method_returns_only_rows_that_were_told_or_refuses() -> None:
    chance = random.Random(20260108)
    seen: Counter[str] = Counter()
    sound = bodies_of_methods()
    for method, name, ask, body in sound:
        assert check_method(method, name, ask, body) == "rows", method
    for place in range(CALLS):
        method, name, ask, body = sound[place % len(sound)]
        if place % 3:
            row = chance.choice(rows_in(body))
            field = chance.choice(list(row))
            before = row[field]
            row[field] = damaged_text(chance, before)
            seen[check_method(method, name, ask, body)] += 1
            row[field] = before
        else:
            seen[check_method(method, name, ask, damage_shape(chance, body))] += 1
    assert seen["rows"] > CALLS / 5
    assert seen["FatalVendorError"] > CALLS / 10


def test_a_damaged_calendar_price_or_balance_is_read_for_what_it_says_or_refused() -> None:
    chance = random.Random(20260109)
    seen: Counter[str] = Counter()
    sound = bodies()

    def read(name: str, body: Body) -> list[Any]:
        if name == "holidays":
            return parse_days(rows_of(body, schema.HOLIDAYS))
        if name == "price":
            return [parse_quote("900010", object_of(body, schema.PRICE) or {})]
        found = parse_balance(rows_of(body, schema.BALANCE), body.get("output2"))
        return [found, *found.holdings]

    for place in range(9_000):
        name = ("holidays", "price", "balance")[place % 3]
        body = sound[name]
        row = chance.choice(rows_in(body))
        field = chance.choice(list(row))
        before = row[field]
        row[field] = damaged_text(chance, before)
        try:
            found = read(name, body)
        except SillokError as err:
            check_error(
                err,
                schema.ENDPOINTS[name],
                row[field] if isinstance(row[field], str) and len(row[field]) > 5 else "",
            )
            seen[type(err).__name__] += 1
        else:
            seen["rows"] += 1
            check_read(name, body, found)
        row[field] = before
    assert min(seen["rows"], seen["FatalVendorError"]) > 500


def check_read(name: str, body: Body, found: list[Any]) -> None:
    endpoint = schema.ENDPOINTS[name]
    for record in found:
        some = (
            record._asdict()
            if isinstance(record, tuple)
            else {slot: getattr(record, slot) for slot in record.__slots__}
        )
        if name == "price" and not some["price"]:
            continue  # an unknown issue, which the caller refuses
        candidates = [row for block in endpoint.blocks for row in told_rows(body, endpoint, block)]
        fields = {one.name: one for block in endpoint.blocks for one in block.fields}
        if name == "balance" and "total_krw" in some:
            fields = fields_by_name(schema.BALANCE.head)
        elif name == "balance":
            fields = fields_by_name(schema.BALANCE.rows)
        read = {key: value for key, value in some.items() if key in fields and key != "symbol"}
        assert any(
            all(same(value, says(fields[key], row.get(fields[key].vendor))) for key, value in read.items())
            for row in candidates
        ), f"{name}: nobody said {read}"


# ---- public files
def test_damaged_lists_of_issues_are_errors_or_lists() -> None:
    chance = random.Random(20260110)
    values = {
        "code": "900010",
        "isin": "KR7900010000",
        "name": "가상전자",
        "security_type": "ST",
        "shares_thousand": "1000",
        "base_price": "70000",
        "listed_on": "20200102",
    }
    lines = (
        "\n".join(schema.format_line("KOSPI", values | {"code": f"90{place:04d}"}) for place in range(3))
        + "\n"
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("kospi_code.mst", lines.encode("cp949"))
    delisted = "symbol,name,market,listing_date,delisting_date\n900010,가상,KOSPI,2020-01-02,2024-05-06\n900020,나상,KOSDAQ,,2025-01-02\n"
    truth = parse_master("KOSPI", lines, {})
    assert len(truth) == 3
    for _ in range(2_500):
        for work in (
            lambda: unzip_text(damage_bytes(chance, archive.getvalue()), "kospi_code.mst.zip"),
            lambda: check_master(
                damage_bytes(chance, lines.encode("cp949")).decode("cp949", "replace"), lines, truth
            ),
            lambda: parse_delistings(damage_bytes(chance, delisted.encode()).decode("utf-8", "replace")),
            lambda: parse_sectors(damage_bytes(chance, lines.encode("cp949")).decode("cp949", "replace")),
        ):
            try:
                work()
            except SillokError as err:
                check_error(err)


def check_master(text: str, lines: str, truth: list[Any]) -> None:
    sound = dict(zip(lines.splitlines(), truth, strict=True))
    told = [line for line in text.splitlines() if line.strip()]
    found = parse_master("KOSPI", text, {})
    assert len(found) == len(told)
    for line, issue in zip(told, found, strict=True):
        assert line not in sound or issue == sound[line]
        assert issue.shares % 1_000 == 0
        assert issue.shares >= 0


# ---- anything at all
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(NUMBERS + DAYS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["output", "output1", "output2", "stck_bsop_date"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(sorted(schema.ENDPOINTS)),
    st.dictionaries(st.sampled_from(["output", "output1", "output2", "output3"]), JSON, max_size=2),
)
def test_any_json_at_all_is_read_for_what_it_says_or_refused(name: str, body: Body) -> None:
    for endpoint, block in blocks_of(name):
        check_block(body, name, endpoint, block)


PLACES = [
    (name, block, field)
    for name in schema.ENDPOINTS
    for _, block in blocks_of(name)
    for field in block.fields
]
SOUND = bodies()


@settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(PLACES),
    st.text(st.sampled_from("0123456789+-./~_ YNe０９가"), max_size=14) | st.text(max_size=6),
)
def test_any_text_in_any_field_is_read_for_what_it_says_or_refused(
    place: tuple[str, Block, Field], text: str
) -> None:
    name, block, field = place
    whole = SOUND[name][block.key]
    rows = [dict(row) for row in whole] if isinstance(whole, list) else [dict(whole)]
    rows[-1][field.vendor] = text
    told = rows if isinstance(whole, list) else rows[0]
    check_block({block.key: told}, name, schema.ENDPOINTS[name], block)


def test_the_inputs_are_at_least_a_hundred_thousand() -> None:
    assert TEXTS + SHAPES + BYTES + CALLS >= 100_000


def test_the_oracle_and_the_reader_agree_on_what_is_sound() -> None:
    for name, body in everything():
        for endpoint, block in blocks_of(name):
            if not (name == "index_chart" and block.shape == "object"):
                assert check_block(body, name, endpoint, block) == "rows", (name, block.key)
    assert says(schema.HOLIDAYS.rows.fields[0], "20260105") == date(2026, 1, 5)
    assert says(schema.LATEST_TRADES.rows.fields[0], "093000") == time(9, 30)
