"""A seal knows every byte of a file that a reader could use."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sillok.errors import DataError
from sillok.market.partition import pack
from sillok.market.seal import make_seal, open_sealed
from sillok.market.shapes import SHAPES

ISSUE = SHAPES["issue"]


def issues(names: list[str], shares: list[int | None]) -> pa.Table:
    rows = [
        {field.name: None for field in ISSUE.schema()}
        | dict.fromkeys(("symbol", "isin", "market", "security_type", "industry"), "")
        | {"name": name, "shares": share, "known_at": 0}
        for name, share in zip(names, shares, strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=ISSUE.schema())


@given(
    rows=st.lists(st.tuples(st.text(max_size=5), st.none() | st.integers(0, 2**60)), min_size=1, max_size=9)
)
@settings(max_examples=50, deadline=None)
def test_any_rows_are_sealed_and_opened_as_they_were(rows: list[tuple[str, int | None]]) -> None:
    table = issues([name for name, _ in rows], [share for _, share in rows])
    data = pack(table, ISSUE)
    seal = make_seal(data)
    batch = open_sealed(data, seal, "key")
    for name in batch.schema.names:
        seal.check_column(batch, name, "key")
    assert pa.Table.from_batches([batch]) == table


def test_columns_without_a_single_byte_are_sealed() -> None:
    data = pack(issues(["", ""], [None, None]), ISSUE)
    assert open_sealed(data, make_seal(data), "key").num_rows == 2


def test_the_same_rows_give_the_same_bytes() -> None:
    one, other = issues(["가", "나"], [1, None]), issues(["가", "나"], [1, None])
    assert pack(one, ISSUE).equals(pack(other, ISSUE))


def test_another_file_is_refused_before_it_is_read() -> None:
    seal = make_seal(pack(issues(["가"], [1]), ISSUE))
    with pytest.raises(DataError, match="partition key is damaged"):
        open_sealed(pack(issues(["가", "나"], [1, 2]), ISSUE), seal, "key")
