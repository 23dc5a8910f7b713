"""The calendar call: KRX days with the vendor's flags, 24 a page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sillok import clock
from sillok.errors import DataError
from sillok.kis import schema
from sillok.sandbox.bodies import envelope
from sillok.sandbox.gate import RefusedError

__all__ = ["holidays"]


def holidays(query: Mapping[str, str], after: str) -> tuple[dict[str, Any], str]:
    """Return 24 days and the paging mark; ``after`` is the continuation key, the next page's first day."""
    endpoint = schema.HOLIDAYS
    try:
        first = datetime.strptime(after.strip() or query.get("start", ""), "%Y%m%d").date()  # noqa: DTZ007
        days = [first + timedelta(days=count) for count in range(endpoint.page_rows)]
        rows = [endpoint.rows.render(_calendar_day(day)) for day in days]
    except (ValueError, OverflowError, DataError) as err:
        raise RefusedError("OPSQ2001", "ERROR : INPUT INVALID_CHECK_BASS_DT", 200) from err
    search, key = (name.lower() for name in endpoint.context or ("", ""))
    body = {
        key: f"{days[-1] + timedelta(days=1):%Y%m%d}".ljust(20),
        search: query.get("start", "").ljust(20),
        endpoint.rows.key: rows,
        **envelope("KIOK0500", "조회가 계속됩니다..다음버튼을 Click 하십시오.".ljust(60)),
    }
    return body, "M"


def _calendar_day(day: date) -> dict[str, str]:
    is_open = clock.is_session(day)
    is_weekday = day.weekday() < 5
    # 31 December is a business day on which the market is closed.
    is_business = is_open or (is_weekday and (day.month, day.day) == (12, 31))

    def flag(value: bool) -> str:
        return "Y" if value else "N"

    return {
        "date": f"{day:%Y%m%d}",
        "weekday": f"{day.isoweekday() % 7 + 1:02d}",
        "is_business_day": flag(is_business),
        "is_trading_day": flag(True),
        "is_open": flag(is_open),
        "is_settlement_day": flag(is_business),
    }
