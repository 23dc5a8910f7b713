from __future__ import annotations

import contextlib
import json
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sillok.errors import FatalVendorError
from sillok.kis.schema.stream import CHANNELS
from sillok.kis.stream.acks import read_control
from sillok.kis.stream.crypto import Secret, decrypt, encrypt
from sillok.kis.stream.events import OrderBook, Trade
from sillok.kis.stream.frames import is_data, read_frame, split_records
from sillok.kis.stream.reading import read_events

DAY, NOW = date(2026, 1, 6), datetime(2026, 1, 6, 1, 2, 3, tzinfo=UTC)
RECORD = (
    "900010^100201^71200^5^-300^-0.42^71380.12^71500^71900^70900^71300^71200^5^1234567^88123456700^0^0^0^0.00^0^0^1"
    "^0.00^0.00^090005^3^0^090005^3^0^090005^3^0^20260106^20^N^0^0^0^0^0.00^0^0.00^0^^71500"
)
SAMPLES = Path(__file__).parents[3] / "../shared/kis/samples/websocket-session.json"


def read(text: str) -> list[Any]:
    return read_events(read_frame(text), day=DAY, received_at=NOW)


def book_record(**changed: object) -> str:
    values: dict[str, object] = {"symbol": "900010", "time": "100201", "hour_class": "0", "volume": 77}
    for k in range(1, 11):
        values |= {f"ask{k}": 71_200 + 100 * k, f"bid{k}": 71_300 - 100 * k}
        values |= {f"ask_quantity{k}": k, f"bid_quantity{k}": 10 * k}
    return CHANNELS["order_book"].render(values | changed)


def notice_record(**changed: object) -> str:
    values = {
        "customer": "someone", "account": "1234567801", "order_no": "0000000007", "side": "02", "amendment": "0",
        "symbol": "900010", "quantity": "0000000010", "price": "000071200", "time": "100201", "rejected": "0",
        "filled": "2", "accepted": "2", "order_quantity": "000000010", "name": "가상전자", "order_price": "000071300",
    }  # fmt: skip
    return CHANNELS["notices"].render(values | changed)


def notice(**changed: object) -> Any:
    frame = read_frame("1|H0STCNI0|001|x")._replace(payload=notice_record(**changed))
    return read_events(frame, day=DAY, received_at=NOW)[0]


def test_the_channels_have_the_vendors_number_of_fields() -> None:
    widths = {name: len(channel.fields) for name, channel in CHANNELS.items()}
    assert widths == {
        "trades": 46, "trades_unified": 46, "order_book": 59, "notices": 26, "index": 30, "market_state": 11,
        "overseas_trades": 26, "overseas_notices": 25,
    }  # fmt: skip


def test_a_trade_has_our_names_zoned_times_and_whole_won() -> None:
    [trade] = read(f"0|H0STCNT0|001|{RECORD}")
    assert (trade.symbol, trade.price, trade.change, trade.quantity, trade.volume) == (
        "900010", 71_200, -300, 5, 1_234_567,
    )  # fmt: skip
    assert trade.time.isoformat() == "2026-01-06T10:02:01+09:00"
    assert (trade.change_pct, trade.average_price) == (Decimal("-0.42"), Decimal("71380.12"))
    assert (trade.side, trade.is_halted, trade.date) == ("buy", False, DAY)


def test_records_stand_one_behind_the_other_without_a_separator_of_their_own() -> None:
    second = RECORD.replace("100201", "100202")
    trades = read(f"0|H0STCNT0|002|{RECORD}^{second}")
    assert [trade.time.second for trade in trades] == [1, 2]


@pytest.mark.skipif(not SAMPLES.is_file(), reason="the vendor's samples do not lie beside the project")
def test_the_vendors_recorded_session_is_read_to_the_last_message() -> None:
    texts = [message["text"] for message in json.loads(SAMPLES.read_text()) if message["dir"] == "server"]
    trades = [event for text in texts if is_data(text) for event in read(text)]
    assert len(trades) == 3
    controls = [read_control(text) for text in texts if not is_data(text)]
    assert [getattr(one, "code", "keep-alive") for one in controls] == [
        "OPSP0000", "keep-alive", "OPSP0002", "OPSP0001", "OPSP0008", "OPSP0011",
    ]  # fmt: skip


def test_padded_and_signed_numbers_are_read() -> None:
    record = RECORD.replace("^71200^5^-300^-0.42^", "^ 71200^2^+300^+0.42 ^", 1)
    [trade] = read(f"0|H0STCNT0|001|{record}")
    assert (trade.price, trade.change, trade.change_pct) == (71_200, 300, Decimal("0.42"))


def test_an_order_book_has_its_levels_best_first_and_drops_those_beyond_a_limit() -> None:
    [book] = read(f"0|H0STASP0|001|{book_record(ask9=0, ask10=0, ask_quantity9=0, ask_quantity10=0)}")
    assert [level.price for level in book.asks] == [71_300 + 100 * k for k in range(8)]
    assert book.bids[0] == (71_200, 10)
    assert book.time.date() == DAY


def test_an_order_book_out_of_order_is_refused() -> None:
    with pytest.raises(FatalVendorError, match="not in order"):
        read(f"0|H0STASP0|001|{book_record(ask1=99_900)}")


def test_a_fill_and_what_is_none_are_told_apart() -> None:
    fill = notice()
    assert (fill.kind, fill.quantity, fill.price, fill.side) == ("fill", 10, Decimal(71_200), "buy")
    assert "1234567801" not in repr(fill)
    assert "someone" not in repr(fill)
    kinds = [
        notice(filled="1", **more).kind
        for more in ({}, {"amendment": "1"}, {"amendment": "2"}, {"rejected": "1"})
    ]
    assert kinds == ["accepted", "amended", "cancelled", "rejected"]
    taken = notice(filled="1", order_quantity="")
    assert (taken.quantity, taken.price, taken.order_quantity) == (0, None, 10)


def test_a_fill_abroad_has_the_decimals_of_its_market() -> None:
    values = {
        "customer": "me", "account": "1", "order_no": "7", "side": "02", "symbol": "AAPL", "quantity": "3",
        "price": "001480100", "time": "233001", "rejected": "0", "filled": "2", "order_quantity": "3", "market": "6",
    }  # fmt: skip
    frame = read_frame("1|H0GSCNI0|001|x")._replace(payload=CHANNELS["overseas_notices"].render(values))
    [fill] = read_events(frame, day=DAY, received_at=NOW)
    assert fill.price == Decimal("148.0100")


def test_an_unsigned_change_abroad_takes_its_sign_from_the_code() -> None:
    values = {
        "key": "DNASAAPL", "symbol": "AAPL", "date": "20260106", "korea_date": "20260107", "korea_time": "001500",
        "price": "148.0100", "sign": "5", "change": "1.2000", "change_pct": "-0.80", "open": "149.0", "high": "150",
        "low": "147.5", "bid": "148", "ask": "148.1", "quantity": "3", "volume": "99",
    }  # fmt: skip
    [trade] = read(f"0|HDFSCNT0|001|{CHANNELS['overseas_trades'].render(values)}")
    assert trade.change == Decimal("-1.2000")
    assert trade.time.isoformat() == "2026-01-07T00:15:00+09:00"


def test_an_index_counts_shares_and_won_although_the_vendor_counts_thousands_and_millions() -> None:
    values = {
        "code": "0001", "time": "100000", "price": "3210.55", "change": "1.25", "change_pct": "0.04", "open": "3209",
        "high": "3211.10", "low": "3200.00", "volume": "412345", "amount_krw": "9876543", "up_count": "500",
        "flat_count": "40", "down_count": "380",
    }  # fmt: skip
    [tick] = read(f"0|H0UPCNT0|001|{CHANNELS['index'].render(values)}")
    assert (tick.code, tick.volume, tick.amount_krw) == ("KOSPI", 412_345_000, 9_876_543_000_000)


@pytest.mark.parametrize("more", [1, 3, 20])
def test_fields_added_at_the_end_of_a_record_are_passed_over(more: int) -> None:
    longer = RECORD + "^new" * more
    assert read(f"0|H0STCNT0|002|{longer}^{longer}") == read(f"0|H0STCNT0|002|{RECORD}^{RECORD}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0|H0STCNT0|001", "must be flag"),
        ("2|H0STCNT0|001|x", "must be flag"),
        ("0|H0XXXXX0|001|x", "unknown"),
        ("1|H0STCNT0|001|x", "enciphered"),
        ("0|H0STCNI0|001|x", "plain text"),
        ("0|H0STCNT0|000|x", "no record"),
        ("0|H0STCNT0|1|x", "must be flag"),
        (f"0|H0STCNT0|002|{RECORD}", "46 fields"),
        (f"0|H0STCNT0|001|{RECORD}^{RECORD}", "46 fields"),
        (f"0|H0STCNT0|001|{RECORD[:-40]}", "46 fields"),
        (f"0|H0STCNT0|001|{RECORD.replace('71200', '7l200', 1)}", "form"),
        (f"0|H0STCNT0|001|{RECORD.replace('100201', '256161', 1)}", "cannot be read"),
        (f"0|H0STCNT0|001|{RECORD.replace('20260106', '20261306', 1)}", "cannot be read"),
        (f"0|H0STCNT0|001|{RECORD.replace('^71200^', '^0^', 1)}", "cannot be read"),
    ],
)
def test_a_malformed_frame_says_what_is_wrong_with_it(text: str, said: str) -> None:
    with pytest.raises(FatalVendorError, match=said):
        read(text)


def test_a_notice_that_cannot_be_read_is_not_repeated() -> None:
    with pytest.raises(FatalVendorError) as caught:
        notice(side="09")
    assert "1234567801" not in str(caught.value)
    assert caught.value.__cause__ is None


def _break(rng: random.Random, record: str) -> str:
    """Return the record with its structure broken: an end cut off, fields lost or come in."""
    fields = record.split("^")
    at = rng.randrange(len(fields))
    kind = rng.randrange(4)
    if kind == 0:
        return record[: rng.randrange(len(record))]
    if kind == 1:
        return record[rng.randrange(1, len(record)) :]
    if kind == 2:
        return "^".join(fields[:at] + fields[at + rng.randrange(1, 4) :])
    more = rng.choices(
        ["", "0", "1", "x", "7^7", "20260106", "100201", "N", "3", "71200"], k=rng.randrange(1, 3)
    )
    return "^".join([*fields[:at], *more, *fields[at:]])


def _spoil(rng: random.Random, record: str) -> str:
    """Return the record with characters of any kind in it, or fields that changed places."""
    fields = record.split("^")
    place = rng.randrange(len(record))
    kind = rng.randrange(3)
    if kind == 0:
        at, other = rng.randrange(len(fields)), rng.randrange(len(fields))
        fields[at], fields[other] = fields[other], fields[at]
        return "^".join(fields)
    if kind == 1:
        return record[:place] + rng.choice("|^ {}\0\x7f가٣%-+.eE_") + record[place:]
    return record[:place] + "".join(rng.choices(record, k=rng.randrange(1, 30))) + record[place:]


def _books() -> str:
    return book_record(total_ask_quantity=55, total_bid_quantity=550)


def test_twenty_thousand_broken_frames_give_a_clear_error_or_what_was_sent() -> None:
    rng = random.Random(20260106)
    whole = {"H0STCNT0": RECORD, "H0STASP0": _books()}
    sent = {tr_id: read(f"0|{tr_id}|001|{record}") for tr_id, record in whole.items()}
    refused = 0
    for _ in range(20_000):
        tr_id, record = rng.choice(list(whole.items()))
        broken = _break(rng, record)
        count = rng.choice(["001", "001", "002"])
        try:
            events = read(f"0|{tr_id}|{count}|{broken}")
        except FatalVendorError:
            refused += 1
            continue
        assert events == sent[tr_id], (tr_id, count, broken)
    assert 15_000 < refused < 20_000


def test_ten_thousand_spoiled_frames_give_a_clear_error_or_an_event_of_the_channel() -> None:
    rng = random.Random(6)
    kinds = {"H0STCNT0": (RECORD, Trade), "H0STASP0": (_books(), OrderBook)}
    refused = 0
    for _ in range(10_000):
        tr_id, (record, kind) = rng.choice(list(kinds.items()))
        try:
            events = read(f"0|{tr_id}|001|{_spoil(rng, record)}")
        except FatalVendorError:
            refused += 1
            continue
        assert [type(event) for event in events] == [kind]
    assert 3_000 < refused < 10_000


def test_a_frame_that_lost_its_end_never_makes_an_event() -> None:
    frame = f"0|H0STCNT0|002|{RECORD}^{RECORD}"
    for length in range(len(frame)):
        try:
            events = read(frame[:length])
        except FatalVendorError:
            continue
        assert events == read(frame), length  # what was lost is part of a field that nobody reads


@given(st.text(max_size=300))
def test_no_text_at_all_brings_the_reader_down(text: str) -> None:
    for reads in (read_frame, read_control):
        with contextlib.suppress(FatalVendorError):
            reads(text)


@given(st.lists(st.text(alphabet="0123456789^.+- NY", max_size=200), max_size=3), st.integers(1, 999))
def test_no_payload_is_cut_into_records_of_another_width(parts: list[str], count: int) -> None:
    channel = CHANNELS["trades"]
    try:
        records = split_records(channel, count, "^".join(parts))
    except FatalVendorError:
        return
    assert len(records) == count
    assert {len(record.split("^")) for record in records} == {len(channel.fields)}


@given(st.text(max_size=200))
def test_what_is_enciphered_is_deciphered(text: str) -> None:
    secret = Secret("k" * 32, "i" * 16)
    assert decrypt(encrypt(text, secret), secret) == text


def test_the_cipher_is_the_vendors() -> None:
    # AES-256-CBC of "hello", made with `openssl enc -aes-256-cbc -K 6b.. -iv 69.. -base64`.
    assert encrypt("hello", Secret("k" * 32, "i" * 16)) == "aRyXOIIhJzBhh+BthfFstw=="


def test_a_damaged_notice_or_the_wrong_key_says_so_without_the_payload() -> None:
    payload = encrypt(notice_record(), Secret("k" * 32, "i" * 16))
    for broken in (payload[:-4], payload[4:], "%%%", payload[:-2] + "!!"):
        with pytest.raises(FatalVendorError, match="cannot be deciphered") as caught:
            decrypt(broken, Secret("k" * 32, "i" * 16))
        assert broken not in str(caught.value)
    with pytest.raises(FatalVendorError, match="another subscription"):
        decrypt(payload, Secret("q" * 32, "i" * 16))


def test_a_secret_does_not_show() -> None:
    assert "kkk" not in repr(Secret("k" * 32, "i" * 16))
