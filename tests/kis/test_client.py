"""The client against the sandbox, and against a server that misbehaves in every way we know of."""

from __future__ import annotations

import asyncio
import io
import logging
import stat
import traceback
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from sillok.clock import KST, sessions
from sillok.errors import (
    AuthError,
    ConfigError,
    DataError,
    FatalVendorError,
    MissingDataError,
    RetriableVendorError,
)
from sillok.kis import Client, Credentials, schema
from sillok.sandbox import Gate, Limits, create_app
from tests.sandboxes import client_of, reference_market, serving

START, END = date(2023, 9, 1), date(2026, 7, 1)
SECRETS = Credentials("APPKEY-" + "k" * 29, "APPSECRET-" + "s" * 170)
ACCOUNT = "98765432-01"


class Time:
    """A clock that moves when somebody sleeps on it."""

    def __init__(self) -> None:
        self.at = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)


# ---- against the sandbox
async def test_a_span_of_years_comes_whole_and_oldest_first(tmp_path: Path) -> None:
    async with (
        serving(create_app(reference_market(), Limits.none())) as url,
        client_of(url, tmp_path) as client,
    ):
        bars = await client.daily_bars("900020", START, END)
        assert [bar.date for bar in bars if bar.open] <= sessions(START, END)
        assert [bar.date for bar in bars] == sessions(START, END)
        some = await client.daily_bars("900020", bars[10].date, bars[300].date)
        assert some == bars[10:300]
        index = await client.index_bars("KOSPI200", START, END)
        assert [bar.date for bar in index] == sessions(START, END)
        assert all(isinstance(bar.close, Decimal) and bar.close.as_tuple().exponent == -2 for bar in index)
        assert await client.daily_bars("900020", START, START) == []
        assert await client.daily_bars("999999", START, END) == []


async def test_a_young_issue_has_no_bars_before_its_listing(tmp_path: Path) -> None:
    young = next(issue for issue in reference_market().issues.values() if issue.name == "가상반도체21")
    async with (
        serving(create_app(reference_market(), Limits.none())) as url,
        client_of(url, tmp_path) as client,
    ):
        before = client.calls
        bars = await client.daily_bars(young.symbol, START, END)
        assert bars[0].date == young.listed_on
        assert client.calls - before <= len(bars) // 100 + 1 + 1  # a token, too


async def test_lists_prices_calendar_and_account_speak_our_names(tmp_path: Path) -> None:
    market = reference_market()
    async with (
        serving(create_app(market, Limits.none(), positions=70)) as url,
        client_of(url, tmp_path, account=ACCOUNT) as client,
    ):
        assert (client.source, client.today) == ("synthetic", date(2026, 6, 30))
        assert "합성" in client.label
        master = [issue for board in ("KOSPI", "KOSDAQ") for issue in await client.master(board)]
        assert {issue.name for issue in master if issue.security_type == "EF"} == {
            "가상ETF 200", "가상ETF 코스닥", "가상ETF 200인버스",
        }  # fmt: skip
        listed = [issue for issue in master if issue.security_type == "ST"]
        assert len(listed) == len(market.issues) - 3
        assert {issue.industry for issue in listed} == {issue.industry for issue in market.issues.values()}
        assert [(gone.symbol, gone.delisted_on) for gone in await client.delistings()] == [
            (issue.symbol, issue.delisted_on) for issue in market.delisted()
        ]
        quote = await client.current_price("900020")
        (bar,) = await client.daily_bars("900020", date(2026, 6, 30), END)
        assert (quote.price, quote.volume, quote.amount_krw) == (bar.close, bar.volume, bar.amount_krw)
        assert quote.lower_limit < quote.base_price < quote.upper_limit
        assert await client.sessions(START, date(2024, 1, 3)) == sessions(START, date(2024, 1, 3))
        day = (await client.holidays(date(2025, 12, 31), date(2026, 1, 1)))[0]
        assert (day.is_business_day, day.is_open) == (True, False)
        account = await client.balance()
        assert len(account.holdings) == 70
        assert account.securities_krw == sum(holding.value_krw for holding in account.holdings)
        with pytest.raises(MissingDataError, match="999999"):
            await client.current_price("999999")


async def test_the_token_is_kept_for_its_owner_alone_and_used_again(tmp_path: Path) -> None:
    async with serving(create_app(reference_market(), Limits(rate=0))) as url:
        async with client_of(url, tmp_path) as client:
            await client.current_price("900020")
        (path,) = (tmp_path / "kis").glob("*.token")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with client_of(url, tmp_path) as client:  # within the minute: a new token would be refused
            await client.current_price("900020")
        assert {name.suffix for name in path.parent.iterdir()} == {".token", ".lock"}


async def test_an_expired_token_is_renewed_once_for_all_calls_under_way(tmp_path: Path) -> None:
    at = [0.0]
    gate = Gate(Limits(rate=0, token_interval_s=0), monotonic=lambda: at[0], now=lambda: datetime.now(KST))
    issued = []
    issue = gate.issue

    def counted(*keys: str) -> Any:
        issued.append(at[0])
        return issue(*keys)

    gate.issue = counted  # type: ignore[method-assign]
    async with serving(create_app(reference_market(), gate=gate)) as url, client_of(url, tmp_path) as client:
        await client.current_price("900020")
        at[0] += 86_400  # the server's clock alone: ours still believes in the token
        await asyncio.gather(*(client.current_price("900020") for _ in range(10)))
    assert len(issued) == 2


async def test_a_token_asked_for_too_soon_is_waited_for(tmp_path: Path) -> None:
    time = Time()
    gate = Gate(Limits(rate=0), monotonic=time.monotonic, now=lambda: datetime.now(KST))
    async with serving(create_app(reference_market(), gate=gate)) as url:
        async with client_of(url, tmp_path) as first:
            await first.current_price("900020")
        next((tmp_path / "kis").glob("*.token")).unlink()
        async with client_of(url, tmp_path, sleep=time.sleep, monotonic=time.monotonic) as second:
            await second.current_price("900020")
    assert sum(time.slept) == 61


async def test_a_client_that_keeps_to_the_rate_is_never_refused_and_one_that_does_not_recovers(
    tmp_path: Path,
) -> None:
    time = Time()
    gate = Gate(Limits(), monotonic=time.monotonic, now=lambda: datetime.now(KST))
    clocks = {"sleep": time.sleep, "monotonic": time.monotonic}
    async with serving(create_app(reference_market(), gate=gate)) as url:
        async with client_of(url, tmp_path, rate=18, **clocks) as client:
            for _ in range(60):
                await client.current_price("900020")
            assert client.calls == 60 + 2
        async with client_of(url, tmp_path, rate=0, **clocks) as client:
            for _ in range(60):
                await client.current_price("900020")
            assert client.calls > 60 + 1


# ---- against a server that misbehaves
Answer = Callable[[web.Request], Awaitable[web.Response]]
TOKEN = {"access_token": "T0KEN-" + "t" * 50, "token_type": "Bearer", "expires_in": 86_400}


def vendor(answer: Answer, token: dict[str, Any] | None = None) -> web.Application:
    """Return a server that issues a token and answers every chart by ``answer``."""

    async def issue(request: web.Request) -> web.Response:
        return web.json_response(token or TOKEN)

    app = web.Application()
    app.router.add_post("/oauth2/tokenP", issue)
    app.router.add_get(schema.DAILY_CHART.path, answer)
    app.router.add_get(schema.HOLIDAYS.path, answer)
    return app


def always(status: int, body: Any) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        if isinstance(body, str):
            return web.Response(text=body, status=status)
        return web.json_response(body, status=status)

    return answer


def failure(code: str) -> dict[str, str]:
    return {"rt_cd": "1", "msg_cd": code, "msg1": "안 됩니다"}


async def ask(answer: Answer, folder: Path, **options: Any) -> tuple[Any, Client]:
    time = Time()
    options = {"sleep": time.sleep, "monotonic": time.monotonic, "credentials": SECRETS} | options
    async with serving(vendor(answer)) as url, client_of(url, folder, **options) as client:
        return await client.daily_bars("900020", date(2026, 1, 1), date(2026, 7, 1)), client


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, failure("EGW00201"), RetriableVendorError),
        (200, failure("EGW00201"), RetriableVendorError),
        (500, failure("EGW00215"), RetriableVendorError),
        (500, failure("EGW00123"), AuthError),
        (200, failure("EGW00121"), AuthError),
        (500, failure("EGW02004"), AuthError),
        (403, {"error_code": "EGW00103", "error_description": "유효하지 않은 AppKey"}, AuthError),
        (200, failure("OPSQ0002"), FatalVendorError),
        (500, failure("OPSQ2001"), FatalVendorError),
        (500, failure("EGW00300"), RetriableVendorError),
        (502, "<html>bad gateway</html>", RetriableVendorError),
        (404, "not here", FatalVendorError),
        (403, "forbidden", AuthError),
        (200, "<html>hello</html>", FatalVendorError),
        (200, [1, 2], FatalVendorError),
        (200, {"rt_cd": "0", "output2": {"a": "b"}}, FatalVendorError),
        (200, {"rt_cd": "0", "output2": [{"stck_bsop_date": "20260601"}]}, FatalVendorError),
    ],
)
async def test_a_failure_keeps_its_branch_whatever_the_status(
    status: int, body: Any, kind: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(kind):
        await ask(always(status, body), tmp_path)


async def test_retries_are_bounded_in_tries_and_in_seconds(tmp_path: Path) -> None:
    seen = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        return web.json_response(failure("EGW00300"), status=500)

    with pytest.raises(RetriableVendorError, match="gave up after 5 tries"):
        await ask(answer, tmp_path)
    assert seen == 5
    with pytest.raises(RetriableVendorError, match="gave up after 2 tries"):
        await ask(answer, tmp_path, tries=50, deadline_s=0.3)


async def test_a_refused_token_is_renewed_once_and_not_for_ever(tmp_path: Path) -> None:
    seen = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        return web.json_response(failure("EGW00123"), status=500)

    with pytest.raises(AuthError, match="EGW00123"):
        await ask(answer, tmp_path)
    assert seen == 2
    bars, _ = await ask(always(200, {"rt_cd": "0", "output2": [{}]}), tmp_path)
    assert bars == [], "what comes after it goes on"


async def test_a_temporary_failure_is_got_over(tmp_path: Path) -> None:
    seen = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        if seen < 4:
            return web.json_response(failure("EGW00201"), status=500)
        return web.json_response({"rt_cd": "0", "output2": [{}]})

    bars, _ = await ask(answer, tmp_path)
    assert (bars, seen) == ([], 4)


def row(day: str) -> dict[str, str]:
    values = {"date": day, "close": 100, "open": 100, "high": 100, "low": 100, "volume": 5, "amount_krw": 500}
    return schema.DAILY_CHART.rows.render(values)


@pytest.mark.parametrize(
    "days",
    [
        ["20260601", "20260602"],  # oldest first
        ["20260602", "20260602"],  # a day twice
        ["20270601"],  # after the span
        ["20250601"],  # before the span
    ],
)
async def test_a_page_that_contradicts_its_question_is_refused(days: list[str], tmp_path: Path) -> None:
    with pytest.raises(FatalVendorError, match="cannot be trusted"):
        await ask(always(200, {"rt_cd": "0", "output2": [row(day) for day in days]}), tmp_path)


async def test_a_page_key_that_comes_again_ends_the_paging_with_an_error(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        body = {"rt_cd": "0", "output": [], "ctx_area_nk": "20260105".ljust(20), "ctx_area_fk": " " * 20}
        return web.json_response(body, headers={"tr_cont": "M"})

    async with serving(vendor(answer)) as url, client_of(url, tmp_path) as client:
        with pytest.raises(FatalVendorError, match="came twice"):
            await client.sessions(date(2026, 1, 1), date(2027, 1, 1))


async def test_a_server_that_does_not_answer_is_left_after_the_time_limit(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    with pytest.raises(RetriableVendorError, match=r"no answer within 0\.05 s"):
        await ask(answer, tmp_path, timeout_s=0.05, tries=2)


async def test_a_dead_host_is_an_error_and_not_taken_for_kis(tmp_path: Path) -> None:
    async with serving(web.Application()) as url:
        pass
    time = Time()
    with pytest.raises(RetriableVendorError, match="cannot talk to"):
        async with client_of(url, tmp_path, sleep=time.sleep, monotonic=time.monotonic):
            pass


async def test_any_other_server_is_taken_for_kis(tmp_path: Path) -> None:
    _, client = await ask(always(200, {"rt_cd": "0", "output2": []}), tmp_path)
    assert (client.source, client.today, client.label) == ("kis", None, "")
    assert await client.delistings() == []


async def test_wrong_arguments_are_refused_before_any_call(tmp_path: Path) -> None:
    async with (
        serving(create_app(reference_market(), Limits.none())) as url,
        client_of(url, tmp_path) as client,
    ):
        before = client.calls
        with pytest.raises(DataError, match="reversed"):
            await client.daily_bars("900020", END, START)
        with pytest.raises(ConfigError, match="symbol"):
            await client.daily_bars("삼성전자", START, END)
        with pytest.raises(ConfigError, match="unknown index 'DOW'"):
            await client.index_bars("DOW", START, END)
        with pytest.raises(ConfigError, match="SILLOK_KIS_ACCOUNT"):
            await client.balance()
        with pytest.raises(ConfigError, match="unknown market"):
            await client.master("NYSE")
        assert client.calls == before
    for options in ({"rate": -1}, {"account": "123"}, {"master_url": "nowhere"}):
        with pytest.raises(ConfigError):
            client_of(url, tmp_path, **options)
    with pytest.raises(ConfigError, match="paper host has no calendar"):
        await client_of(url, tmp_path, paper=True).holidays(START)


# ---- secrets
async def test_no_secret_reaches_a_log_an_error_or_a_repr(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = io.StringIO()
    for answer in (
        always(500, failure("EGW00123")),
        always(500, failure("EGW00201")),
        always(200, "<html>"),
        always(200, {"rt_cd": "0", "output2": []}),
    ):
        try:
            _, client = await ask(answer, tmp_path, account=ACCOUNT)
            said.write(repr(client) + str(vars(client)))
        except Exception as err:  # noqa: BLE001 - whatever is raised must not tell
            said.write(
                "".join(traceback.format_exception(err)) + repr(err) + repr(getattr(err, "detail", ""))
            )
    said.write(repr(SECRETS) + str(SECRETS) + caplog.text)
    assert "/uapi/" in caplog.text
    for secret in (SECRETS.app_key, SECRETS.app_secret, TOKEN["access_token"]):
        assert str(secret) not in said.getvalue()
    assert "98765432" not in caplog.text
