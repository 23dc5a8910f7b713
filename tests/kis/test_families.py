"""Every call of the client, walked: each is driven, reads only, says its units, and knows what the host lacks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from aiohttp import web

from sillok.errors import ConfigError, FatalVendorError
from sillok.kis import Client, Credentials, schema
from sillok.kis.calls import WithHead
from sillok.kis.families.family import Family
from tests.kis.vendor import Vendor, answer, talking
from tests.sandboxes import client_of, serving

ACCOUNT = "98765432-01"
DAY, NEXT = date(2026, 1, 5), date(2026, 1, 6)
SPAN = (DAY, NEXT)
# What to call each method with; every public coroutine of the client and its families must stand here.
CORE: dict[str, tuple[Any, ...]] = {
    "daily_bars": ("900010", *SPAN),
    "raw_bars": ("900010", *SPAN),
    "minute_bars": ("900010", DAY),
    "index_bars": ("KOSPI", *SPAN),
    "investor_days": ("900010", *SPAN),
    "income_statements": ("900010", "annual"),
    "balance_sheets": ("900010", "quarter"),
    "financial_ratios": ("900010", "annual"),
    "corporate_actions": ("listing", *SPAN),
    "overseas_bars": ("NAS", "XFAKE", *SPAN),
    "fx_bars": ("USDKRW", *SPAN),
    "current_price": ("900010",),
    "holidays": (DAY,),
    "sessions": SPAN,
    "balance": (),
    "executions": SPAN,
}
FAMILIES: dict[str, dict[str, tuple[Any, ...]]] = {
    "quotes": {
        "price": ("900010",),
        "price_more": ("900010",),
        "prices": (["900010", "900020"],),
        "order_book": ("900010",),
        "latest_trades": ("900010",),
        "trades": ("900010",),
        "daily_prices": ("900010",),
        "volume_rank": ("amount",),
    },
    "indices": {"price": ("KOSPI",), "days": ("KOSDAQ", *SPAN)},
    "investors": {"recent": ("900010",), "days": ("900010", *SPAN), "short_sales": ("900010", *SPAN)},
    "issues": {"stock": ("900010",), "product": ("900010",)},
    "finance": dict.fromkeys(("income", "balance_sheet", "ratios", "profit", "growth", "stability", "others"), ("900010", "quarter")),
    "events": dict.fromkeys(("dividends", "bonus_issues", "rights_issues", "splits", "mergers", "capital_reductions", "listings", "meetings"), SPAN),
    "funds": {"price": ("900010",), "nav": ("900010",), "nav_days": ("900010", *SPAN), "components": ("900010",)},
    "bonds": {"info": ("KR0000000001",), "price": ("KR0000000001",), "days": ("KR0000000001",), "interest_rates": ()},
    "overseas": {
        "price": ("NAS", "XFAKE"),
        "detail": ("NAS", "XFAKE"),
        "days": ("NAS", "XFAKE", *SPAN),
        "chart": ("index", ".DJI", *SPAN),
        "minutes": ("NAS", "XFAKE"),
        "product": ("NAS", "XFAKE"),
        "rights": SPAN,
        "settlements": (DAY,),
    },
    "account": {
        "holdings": (), "realised_today": (), "assets": (), "orders": SPAN, "profit_by_day": SPAN,
        "profit_by_trade": SPAN, "rights": SPAN, "overseas_balance": (), "overseas_present": (),
        "overseas_orders": SPAN, "overseas_profit": SPAN, "overseas_transactions": SPAN, "foreign_margin": (),
    },
}  # fmt: skip
CALLS = [("", name) for name in CORE] + [(family, name) for family, some in FAMILIES.items() for name in some]
IDS = [f"{family}.{name}".strip(".") for family, name in CALLS]
# Not a query of the REST service: the host itself, and public files.
OTHERS = {"identify", "approval_key", "master", "delistings"}


def method_of(
    client: Client, family: str, name: str
) -> tuple[Callable[..., Awaitable[Any]], tuple[Any, ...]]:
    owner = getattr(client, family) if family else client
    return getattr(owner, name), (FAMILIES[family] if family else CORE)[name]


def made(folder: Path) -> Client:
    """Return a client that was never opened."""
    return Client(
        "http://127.0.0.1:1",
        Credentials.sandbox(),
        master_url="http://127.0.0.1:1",
        broker_path=folder,
    )


def coroutines(owner: object) -> set[str]:
    kind = type(owner)  # not the object, whose properties would answer
    found = inspect.getmembers(kind, inspect.iscoroutinefunction)
    return {name for name, _ in found if not name.startswith("_")}


def test_every_method_is_walked_here(tmp_path: Path) -> None:
    client = made(tmp_path)
    assert coroutines(client) == set(CORE) | OTHERS
    families = {name: one for name, one in vars(client).items() if isinstance(one, Family)}
    assert {name: coroutines(one) for name, one in families.items()} == {
        name: set(some) for name, some in FAMILIES.items()
    }
    assert repr(families["funds"]) == "Funds(components, nav, nav_days, price)"


@pytest.mark.parametrize(("family", "name"), CALLS, ids=IDS)
async def test_a_method_answers_rows_in_our_names(tmp_path: Path, family: str, name: str) -> None:
    vendor = Vendor()
    async with talking(vendor, tmp_path, account=ACCOUNT) as client:
        method, arguments = method_of(client, family, name)
        found = await method(*arguments)
    assert vendor.asked
    rows = found.rows if isinstance(found, WithHead) else found if isinstance(found, list) else [found]
    assert rows
    if family and hasattr(rows[0], "_fields"):
        call = schema.ENDPOINTS[vendor.asked[0].name]
        names = [[field.name for field in block.fields] for block in call.blocks]
        assert list(pd.DataFrame(rows).columns) in names
    if isinstance(found, WithHead):
        assert found.head is not None


async def test_no_method_sends_anything_but_gets_of_known_paths_and_none_can_order(tmp_path: Path) -> None:
    vendor = Vendor()
    async with talking(vendor, tmp_path, account=ACCOUNT) as client:
        for family, name in CALLS:
            method, arguments = method_of(client, family, name)
            await method(*arguments)
    posts = {path for method, path in vendor.methods if method != "GET"}
    assert posts == {"/oauth2/tokenP"}
    gets = {path for method, path in vendor.methods if method == "GET" and not path.startswith("/sandbox/")}
    assert not [path for path in gets if re.search(r"order|rvsecncl|resv", path)]
    # Every call of the schema is made by some method; the day's minutes by the paper host's alone.
    assert {one.name for one in vendor.asked} == set(schema.ENDPOINTS) - {"minutes_today"}


def test_no_word_of_the_client_orders() -> None:
    sources = [path.read_text("utf-8") for path in Path(inspect.getfile(Client)).parent.rglob("*.py")]
    text = "\n".join(sources)
    assert not re.findall(
        r"order-cash|order-credit|rvsecncl|order-resv|hashkey|TTTC0801U|TTTC001[12]U|/trading/order", text
    )
    assert set(re.findall(r"""["'](POST|PUT|DELETE|PATCH)["']""", text)) == {"POST"}


@pytest.mark.parametrize(("family", "name"), CALLS, ids=IDS)
async def test_the_paper_host_is_not_asked_for_what_it_does_not_have(
    tmp_path: Path, family: str, name: str
) -> None:
    vendor = Vendor()
    refused = None
    async with talking(vendor, tmp_path, account=ACCOUNT, paper=True) as client:
        method, arguments = method_of(client, family, name)
        try:
            await method(*arguments)
        except ConfigError as err:
            refused = str(err)
    for one in vendor.asked:
        endpoint = schema.ENDPOINTS[one.name]
        assert one.tr_id in {endpoint.tr_id_paper, *(endpoint.archive or ("",))[1:]}
    if refused is None:
        assert vendor.asked
    else:
        assert vendor.asked == []
        assert refused.startswith("the paper host has no")


@pytest.mark.parametrize(("family", "name"), CALLS, ids=IDS)
async def test_a_call_about_the_account_needs_its_number_before_it_is_sent(
    tmp_path: Path, family: str, name: str
) -> None:
    vendor = Vendor()
    async with talking(vendor, tmp_path) as client:
        method, arguments = method_of(client, family, name)
        if family == "account" or name in {"balance", "executions"}:
            with pytest.raises(ConfigError, match="SILLOK_KIS_ACCOUNT"):
                await method(*arguments)
            assert vendor.asked == []
        else:
            await method(*arguments)
            assert not [one for one in vendor.asked if schema.ENDPOINTS[one.name].is_ledger]


@pytest.mark.parametrize(("family", "name"), CALLS, ids=IDS)
async def test_an_answer_without_its_fields_is_a_clear_error(tmp_path: Path, family: str, name: str) -> None:
    """The vendor answers success and rows that are not its own: never a crash, never a row of ours."""

    async def tell(request: web.Request) -> web.Response:
        if request.path == "/oauth2/tokenP":
            return web.json_response({"access_token": "T", "expires_in": 86_400})
        if request.path.startswith("/sandbox/"):
            raise web.HTTPNotFound
        row = {"surprise": "1"}
        return web.json_response(
            {"rt_cd": "0", "output": [row], "output1": [row], "output2": [row], "output3": [row]}
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", tell)
    async with serving(app) as url, client_of(url, tmp_path, account=ACCOUNT) as client:
        method, arguments = method_of(client, family, name)
        with pytest.raises(FatalVendorError, match=r"KIS|missing"):
            await method(*arguments)


def test_the_help_of_a_method_lists_its_columns_with_their_units(tmp_path: Path) -> None:
    client = made(tmp_path)
    for family, some in FAMILIES.items():
        for name in some:
            told = inspect.getdoc(getattr(getattr(client, family), name)) or ""
            assert "Columns\n-------\n" in told, (family, name)
    told = inspect.getdoc(client.finance.income) or ""
    assert "sales_krw: int, KRW (매출액)" in told


async def test_many_prices_are_asked_for_thirty_at_a_time_and_keep_their_order(tmp_path: Path) -> None:
    def tell(query: dict[str, str]) -> dict[str, Any]:
        symbols = [query[f"symbol_{place}"] for place in range(1, 31)]
        return answer("prices", *({"symbol": symbol} for symbol in symbols))

    wanted = [f"{place:06d}" for place in range(70)]
    vendor = Vendor()
    vendor.answers = {"prices": tell}
    async with talking(vendor, tmp_path) as client:
        assert [row.symbol for row in await client.quotes.prices(wanted)] == wanted
        with pytest.raises(ConfigError, match="unknown ranking"):
            await client.quotes.volume_rank("beauty")
    assert len(vendor.asked) == 3


async def test_minutes_abroad_page_by_the_time_of_the_last_bar(tmp_path: Path) -> None:
    def tell(query: dict[str, str]) -> dict[str, Any]:
        top = int(query["before"][8:12] or "2000")
        stamps = [(top // 100 * 60 + top % 100) - place for place in range(120)]
        return answer(
            "overseas_minutes",
            *({"date": "20260105", "time": f"{s // 60:02d}{s % 60:02d}00"} for s in stamps),
        )

    vendor = Vendor()
    vendor.answers = {"overseas_minutes": tell}
    async with talking(vendor, tmp_path) as client:
        rows = await client.overseas.minutes("NAS", "XFAKE", pages=3)
        assert len({row.time for row in rows}) == len(rows) == 360
        assert [one.query["next"] for one in vendor.asked] == ["", "1", "1"]
        vendor.answers = {"overseas_minutes": lambda query: tell({"before": ""})}
        with pytest.raises(FatalVendorError, match="twice or in disorder"):
            await client.overseas.minutes("NAS", "XFAKE", pages=2)


async def test_a_call_that_pages_without_an_end_is_stopped(tmp_path: Path) -> None:
    vendor = Vendor()
    body = answer("overseas_rights") | {"ctx_area_fk50": "a", "ctx_area_nk50": "b"}
    vendor.answers = {"overseas_rights": (body, "M")}
    async with talking(vendor, tmp_path) as client:
        with pytest.raises(FatalVendorError, match="paging would not end"):
            await client.overseas.rights(DAY, DAY + timedelta(days=1))
