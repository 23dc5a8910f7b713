"""More of an issue abroad: its details, minutes, product information, rights."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from sillok.sandbox.answers.asks import Ask, Reply, answer, invalid, paged
from sillok.sandbox.answers.overseas import DECIMALS, amount_of, base_of, exchange_of, money
from sillok.sandbox.answers.quotes import pct, sign_of
from sillok.sandbox.world.abroad import UNIT, abroad_of
from sillok.sandbox.world.exchanges import EXCHANGES, LISTED
from sillok.sandbox.world.market import as_number
from sillok.sandbox.world.world import as_day

__all__ = ["overseas_detail", "overseas_minutes", "overseas_product", "overseas_rights"]


def overseas_detail(ask: Ask) -> Reply:
    """Return price, extremes, size and exchange rate of an issue; an unknown one gets blanks."""
    market, symbol = ask.get("market"), ask.get("symbol")
    abroad = abroad_of(ask.world)
    found = abroad.stock(market, symbol)
    key = f"D{market}{symbol}"
    if found is None:
        return answer(ask, {"stream_key": key, "decimals": ""})
    stock, path = found
    exchange = EXCHANGES[market]
    at = len(path.day) - 1
    close, base, rate = int(path.close[at]), base_of(path, at), abroad.rate(exchange.currency)
    year = int(path.day.searchsorted(int(path.day[at]) - 10_000, "right"))
    whole = path.adjusted()
    top, bottom = year + int(whole.high[year:].argmax()), year + int(whole.low[year:].argmin())
    krw, krw_before = round(close / UNIT * rate), round(base / UNIT * rate)
    eps = close / UNIT / 18
    values = {
        "stream_key": key,
        "decimals": DECIMALS,
        "previous_volume": int(path.volume[max(at - 1, 0)]),
        "previous_amount": str(amount_of(path, max(at - 1, 0))),
        **{name: money(int(getattr(path, name)[at])) for name in ("open", "high", "low")},
        "price": money(close),
        "previous_close": money(base),
        "market_cap": str(close * stock.shares // UNIT),
        "high_52w": money(int(whole.high[top])),
        "high_52w_date": str(int(path.day[top])),
        "low_52w": money(int(whole.low[bottom])),
        "low_52w_date": str(int(path.day[bottom])),
        "eps": eps,
        "per": "18.00",
        "bps": eps * 6,
        "pbr": "3.00",
        "shares": stock.shares,
        "currency": exchange.currency,
        "lot": 100 if exchange.currency in {"HKD", "JPY"} else 1,
        "price_krw": krw,
        "change_krw": krw - krw_before,
        "change_krw_pct": pct(close - base, base),
        "previous_price_krw": krw_before,
        "fx_rate": f"{rate:.2f}",
        "previous_fx_rate": f"{rate:.2f}",
        "today_krw_sign": sign_of(krw - krw_before),
        "tradable": "매매 가능",
        "tick_size": "0.0100",
        "sector": "가상업종",
        "volume": int(path.volume[at]),
        "amount": str(amount_of(path, at)),
    }
    return answer(ask, values)


def overseas_minutes(ask: Ask) -> Reply:
    """Return up to 120 bars of so many minutes of the newest session before a local time, newest first."""
    market, symbol, wanted = ask.get("market"), ask.get("symbol"), ask.get("minutes") or "1"
    step = int(wanted) if wanted.isdigit() else 0
    if not 1 <= step <= 60:
        raise invalid("NMIN")
    limit = int(ask.get("rows")) if ask.get("rows").isdigit() else ask.rows
    found = abroad_of(ask.world).stock(market, symbol)
    key = f"D{market}{symbol}"
    if found is None:
        return answer(ask, {"stream_key": key, "decimals": "", "rows": 0}, [])
    _, path = found
    exchange = EXCHANGES[market]
    at = len(path.day) - 1
    opens = datetime.combine(as_day(int(path.day[at])), datetime.min.time()) + timedelta(
        hours=exchange.opens // 100, minutes=exchange.opens % 100
    )
    count = (
        (exchange.closes // 100 - exchange.opens // 100) * 60 + exchange.closes % 100 - exchange.opens % 100
    )
    times = [opens + timedelta(minutes=minute) for minute in range(0, count, step)]
    levels = _levels(
        ask,
        f"{market}{symbol}",
        [int(getattr(path, name)[at]) for name in ("open", "high", "low", "close")],
        int(path.day[at]),
        len(times),
    )
    shares = np.diff(np.floor(np.linspace(0, int(path.volume[at]), len(times) + 1))).astype(np.int64)
    before = ask.get("before")
    last = len([when for when in times if not before or f"{when:%Y%m%d%H%M%S}" <= before])
    first = max(last - min(limit, ask.rows), 0)
    rows = []
    for place in range(last - 1, first - 1, -1):
        when, (opened, closed) = times[place], levels[place : place + 2]
        korea = when + timedelta(hours=exchange.korea_ahead_h)
        rows.append(
            {
                "session": f"{when:%Y%m%d}",
                "date": f"{when:%Y%m%d}",
                "time": f"{when:%H%M%S}",
                "korea_date": f"{korea:%Y%m%d}",
                "korea_time": f"{korea:%H%M%S}",
                "open": money(opened),
                "high": money(max(opened, closed)),
                "low": money(min(opened, closed)),
                "close": money(closed),
                "volume": int(shares[place]),
                "amount": str(int(shares[place]) * closed // UNIT),
            }
        )
    ends = opens + timedelta(minutes=count)
    ahead = timedelta(hours=exchange.korea_ahead_h)
    head = {
        "stream_key": key,
        "decimals": DECIMALS,
        "session_start": f"{opens:%H%M%S}",
        "session_end": f"{ends:%H%M%S}",
        "session_start_korea": f"{opens + ahead:%H%M%S}",
        "session_end_korea": f"{ends + ahead:%H%M%S}",
        "has_next": "1" if first else "0",
        "has_more": "1" if first else "0",
        "rows": len(rows),
    }
    return answer(ask, head, rows)


def _levels(ask: Ask, name: str, bar: list[int], day: int, count: int) -> list[int]:
    """Return ``count`` + 1 prices from the open to the close that touch the high and the low."""
    first, high, low, last = bar
    rng = ask.world.stream("minutes abroad", name, day, count)
    noise = np.cumsum(rng.standard_normal(count + 1)) / np.sqrt(count + 1)
    noise -= np.linspace(noise[0], noise[-1], count + 1)
    line = np.linspace(first, last, count + 1) + 0.4 * (high - low) * noise
    levels = (np.clip(np.round(line / 100), low // 100, high // 100) * 100).astype(np.int64)
    levels[1 + count // 3], levels[2 + count // 2] = high, low
    levels[0], levels[-1] = first, last
    return [int(level) for level in levels]


def overseas_product(ask: Ask) -> Reply:
    """Return what an issue abroad is; an unknown one gets blanks."""
    found = exchange_of(ask.world, ask.get("symbol"), ask.get("product_type"))
    if found is None:
        return answer(ask, {})
    exchange, stock = found
    _, path = abroad_of(ask.world).stock(exchange.market, stock.symbol) or (stock, None)
    is_fund = stock.name.endswith("ETF")
    values = {
        "isin": f"{exchange.currency[:2]}000000{sum(map(ord, stock.symbol)):04d}",
        "name_en": f"SYNTHETIC {stock.symbol}",
        "country_code": exchange.country_code,
        "country": exchange.country,
        "trading_market_code": exchange.product_type[-2:],
        "trading_market_name": exchange.name,
        "exchange": exchange.account,
        "exchange_name": exchange.name,
        "currency": exchange.currency,
        "currency_name": {"USD": "미국 달러", "HKD": "홍콩 달러", "JPY": "일본 엔"}[exchange.currency],
        "code": "03" if is_fund else "01",
        "product_classification_code": "101210",
        "product_classification_name": "해외주식",
        "sell_unit_qty": 1,
        "buy_unit_qty": 1,
        "shares": stock.shares,
        "listing_date": date(2015, 1, 2),
        "trading_halt_code": "01",
        "listed": True,
        "tax_collection": True,
        "registered_reason_code": "01",
        "history_right_code": "99",
        "product_type_code_2": exchange.product_type,
        "name": stock.name,
        "name_local": stock.name,
        "price": money(int(path.close[-1])) if path is not None else "0.0000",
    }
    return answer(ask, values)


def overseas_rights(ask: Ask) -> Reply:
    """Return quarterly dividends and splits of the issues abroad in a span, newest first."""
    start, end, wanted = ask.day("start"), ask.day("end"), ask.get("symbol")
    rows: list[dict[str, object]] = []
    for (market, symbol), stock in LISTED.items():
        found = abroad_of(ask.world).stock(market, symbol)
        if found is None or wanted not in {"", symbol}:
            continue
        exchange, path = EXCHANGES[market], found[1]
        base: dict[str, object] = {
            "symbol": symbol,
            "name": stock.name,
            "product_type_code": exchange.product_type,
            "isin": f"{exchange.currency[:2]}000000{sum(map(ord, symbol)):04d}",
            "currency": exchange.currency,
            "confirmed": True,
        }
        for day in path.day.tolist():
            record = as_day(day)
            if not start <= record <= end or day // 100 % 3 or not 10 <= day % 100 <= 16 or record.weekday():
                continue
            cash = {"right_type_code": "03", "cash_allotment_pct": f"{stock.first * 0.003:.6f}"}
            rows.append(base | cash | {"record_date": record, "local_record_date": record})
        if 0 < path.split_at < len(path.day):
            record = as_day(int(path.day[path.split_at]))
            if as_number(start) <= as_number(record) <= as_number(end):
                split = {"right_type_code": "14", "stock_allotment_pct": f"{100 * (path.ratio - 1):.6f}"}
                rows.append(base | split | {"record_date": record, "local_record_date": record})
    rows.sort(key=lambda row: (str(row["record_date"]), str(row["symbol"])), reverse=True)
    return paged(ask, f"{ask.get('start')}^{ask.get('end')}^", rows)
