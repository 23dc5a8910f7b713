"""The calendar call: KRX days with the vendor's flags, 24 a page."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sillok import clock
from sillok.errors import DataError
from sillok.sandbox.answers.asks import Ask, Reply, dump, envelope, invalid, render

__all__ = ["holidays"]


def holidays(ask: Ask) -> Reply:
    """Return 24 days and the paging mark; the continuation key is the next page's first day."""
    endpoint = ask.endpoint
    try:
        first = datetime.strptime(ask.after or ask.get("start"), "%Y%m%d").date()  # noqa: DTZ007
        days = [first + timedelta(days=count) for count in range(ask.rows)]
        rows = [render(endpoint.rows, _calendar_day(day)) for day in days]
    except (ValueError, OverflowError, DataError) as err:
        raise invalid("BASS_DT") from err
    search, key = (name.lower() for name in endpoint.context or ("", ""))
    text = "조회가 계속됩니다..다음버튼을 Click 하십시오."
    body = {
        key: f"{days[-1] + timedelta(days=1):%Y%m%d}".ljust(20),
        search: ask.get("start").ljust(20),
        endpoint.rows.key: rows,
        **envelope("KIOK0500", text + " " * (80 - len(text.encode("cp949")))),
    }
    return Reply(dump(body), "M")


def _calendar_day(day: date) -> dict[str, object]:
    is_open = clock.is_session(day)
    # 31 December is a business day on which the market is closed.
    is_business = is_open or (day.weekday() < 5 and (day.month, day.day) == (12, 31))
    return {
        "date": day,
        "weekday": f"{day.isoweekday() % 7 + 1:02d}",
        "is_business_day": is_business,
        "is_trading_day": True,
        "is_open": is_open,
        "is_settlement_day": is_business,
    }
