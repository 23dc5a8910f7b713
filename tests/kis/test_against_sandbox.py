"""Every method against the sandbox, and what it tells of one day in two ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sillok.clock import sessions
from sillok.errors import ConfigError, SillokError
from sillok.kis import Credentials, connect
from sillok.kis.calls import WithHead
from sillok.sandbox import Limits
from tests.kis.test_families import CALLS, CORE, FAMILIES, IDS, method_of
from tests.sandboxes import TODAY, client_of, sandbox_in_thread

ACCOUNT = "98765432-01"
NEXT = TODAY + timedelta(days=1)
START = TODAY - timedelta(days=70)
STOCK, FUND, BOND = "900020", "990010", "KR1999010018"


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    with sandbox_in_thread() as url:
        yield url


@pytest.fixture(scope="module")
def paper() -> Iterator[str]:
    with sandbox_in_thread(limits=replace(Limits.none(), paper=True)) as url:
        yield url


def arguments_of(family: str, name: str) -> list[Any]:
    """Return what to ask the sandbox for, whose newest session is ``TODAY``."""
    put = {
        "900010": FUND if family == "funds" else STOCK,
        "KR0000000001": BOND,
        date(2026, 1, 5): START,
        date(2026, 1, 6): NEXT,
    }
    told = [
        put.get(one, one) if not isinstance(one, list) else one
        for one in (FAMILIES[family] if family else CORE)[name]
    ]
    return [told[0], TODAY] if name == "minute_bars" else told


@pytest.mark.parametrize(("family", "name"), CALLS, ids=IDS)
async def test_a_method_is_answered_by_the_sandbox(tmp_path: Path, real: str, family: str, name: str) -> None:
    async with client_of(real, tmp_path, account=ACCOUNT) as client:
        method, _ = method_of(client, family, name)
        found = await method(*arguments_of(family, name))
    rows = found.rows if isinstance(found, WithHead) else found
    assert rows or name in {"corporate_actions", "splits", "capital_reductions", "listings", "meetings"}


@pytest.mark.parametrize(("family", "name"), CALLS, ids=IDS)
async def test_the_papers_sandbox_answers_or_the_client_says_why_not(
    tmp_path: Path, paper: str, family: str, name: str
) -> None:
    async with client_of(paper, tmp_path, account=ACCOUNT, paper=True) as client:
        method, _ = method_of(client, family, name)
        before = client.calls
        try:
            await method(*arguments_of(family, name))
        except ConfigError as err:
            assert "paper host" in str(err)  # noqa: PT017 - either outcome is right
            assert client.calls - before <= 2  # a token, and the investors' newest days


async def test_a_day_is_told_alike_by_every_call_that_tells_it(tmp_path: Path, real: str) -> None:
    async with client_of(real, tmp_path, account=ACCOUNT) as client:
        adjusted = await client.daily_bars(STOCK, START, NEXT)
        raw = await client.raw_bars(STOCK, START, NEXT)
        assert [bar.date for bar in raw] == sessions(START, NEXT)
        recent = await client.quotes.daily_prices(STOCK)
        assert [(row.date, row.close) for row in recent] == [(bar.date, bar.close) for bar in adjusted[-30:]]
        recent = await client.quotes.daily_prices(STOCK, adjusted=False)
        assert [(row.date, row.close) for row in recent] == [(bar.date, bar.close) for bar in raw[-30:]]
        minutes = await client.minute_bars(STOCK, TODAY)
        assert minutes[-1].close == raw[-1].close
        assert sum(bar.volume for bar in minutes) == raw[-1].volume
        assert sum(bar.amount_krw or 0 for bar in minutes) == raw[-1].amount_krw
        late = await client.minute_bars(STOCK, TODAY, since=minutes[100].time.time())
        assert late == minutes[100:]
        quote = await client.current_price(STOCK)
        assert (await client.quotes.price(STOCK)).price == quote.price == raw[-1].close
        assert (await client.quotes.prices([STOCK]))[0].price == quote.price


async def test_investors_are_told_alike_by_the_short_and_the_long_call(tmp_path: Path, real: str) -> None:
    async with client_of(real, tmp_path, account=ACCOUNT) as client:
        short = await client.investor_days(STOCK, TODAY - timedelta(days=20), NEXT)
        long = await client.investor_days(STOCK, TODAY - timedelta(days=900), NEXT)
        assert long[-len(short) :] == short
        assert [day.date for day in long] == sessions(TODAY - timedelta(days=900), NEXT)
        # What one class buys, another sells; amounts are told in millions.
        rows = await client.investors.days(STOCK, START, NEXT)
        assert {row.foreign_qty for row in rows} >= {day.foreign_qty for day in short}


async def test_long_series_come_whole_from_abroad_and_of_rates(tmp_path: Path, real: str) -> None:
    start = TODAY - timedelta(days=800)
    async with client_of(real, tmp_path, account=ACCOUNT) as client:
        for bars in (
            await client.overseas_bars("NAS", "XFAKE", start, NEXT),
            await client.fx_bars("USDKRW", start, NEXT),
            await client.indices.days("KOSPI", start, NEXT),
            await client.funds.nav_days(FUND, start, NEXT),
            await client.investors.short_sales(STOCK, start, NEXT),
        ):
            days = [bar.date for bar in bars]
            assert days == sorted(set(days))
            assert len(days) > 450
            assert days[0] - start < timedelta(days=7)


async def test_the_accounts_two_tellings_of_an_order_agree(tmp_path: Path, real: str) -> None:
    async with client_of(real, tmp_path, account=ACCOUNT) as client:
        filled = await client.executions(START, NEXT)
        orders = (await client.account.orders(START, NEXT)).rows
        assert sorted(one.order_no for one in filled) == sorted(
            row.order_no for row in orders if row.filled_qty
        )
        account = await client.balance()
        held = (await client.account.holdings()).rows
        assert [one.symbol for one in account.holdings] == [row.symbol for row in held if row.quantity]


async def test_years_of_corporate_actions_come_whole(tmp_path: Path, real: str) -> None:
    async with client_of(real, tmp_path, account=ACCOUNT) as client:
        try:
            found = await client.corporate_actions("dividend", date(2024, 1, 1), NEXT)
        except SillokError as err:
            pytest.fail(f"a window of years was not asked in parts: {err}")
        ones = await client.corporate_actions("dividend", date(2024, 1, 1), NEXT, STOCK)
        assert ones
        assert ones == [one for one in found if one.symbol == STOCK]


def test_the_families_answer_without_await_too(tmp_path: Path, real: str) -> None:
    with connect(
        real, Credentials.sandbox(), master_url=real, broker_path=tmp_path / "kis", rate=0
    ) as client:
        assert client.funds.price(FUND).nav > 0
        assert client.finance.income(STOCK)[-1].sales_krw > 0
        assert {"bonds", "funds", "raw_bars"} <= set(dir(client))
        assert "nav_days" in dir(client.funds)
