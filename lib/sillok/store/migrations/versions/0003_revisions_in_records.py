"""A record of ``revision`` holds many rows, in place of one."""

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from sillok.store.steps import create_index, create_table
from sillok.store.types import UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_AT_ONCE = 5_000
_SMALL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_LONG = sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql")
_BEFORE = sa.table(
    "revision",
    sa.column("id", _SMALL), sa.column("table_name", sa.String), sa.column("part", sa.Integer),
    sa.column("key", sa.JSON), sa.column("old", sa.JSON),
    sa.column("old_known_at", UtcTime), sa.column("recorded_at", UtcTime),
)  # fmt: skip
_AFTER = "revision_by_record"  # its name until the rows are in it


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", _SMALL, autoincrement=True, nullable=False),
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("old", _LONG, nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
    ]


def upgrade() -> None:
    conn = op.get_bind()
    if not _is_carried(conn):  # the old table goes last: until then its rows can be carried again
        create_table(_AFTER, *_columns(), sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")))
        _carry(conn)
        op.drop_table("revision")
    if sa.inspect(conn).has_table(_AFTER):
        op.rename_table(_AFTER, "revision")
    create_index("ix_revision_table_name_part", "revision", ["table_name", "part"])


def _is_carried(conn: sa.Connection) -> bool:
    there = sa.inspect(conn)
    return not there.has_table("revision") or "key" not in {c["name"] for c in there.get_columns("revision")}


def _carry(conn: sa.Connection) -> None:
    after = sa.table(_AFTER, *(sa.column(column.name, column.type) for column in _columns()))
    conn.execute(sa.delete(after))
    newest = 0
    while rows := conn.execute(
        sa.select(_BEFORE).where(_BEFORE.c.id > newest).order_by(_BEFORE.c.id).limit(_AT_ONCE)
    ).all():
        conn.execute(sa.insert(after), list(_records(rows)))
        newest = rows[-1].id


def _records(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Yield a record of neighbours in one table and part; its number is the last one's, which snapshots go by."""
    for (table, part, recorded_at, names), some in groupby(rows, _place_of):
        found = list(some)
        known = [f"{row.old_known_at:%Y-%m-%d %H:%M:%S.%f}" for row in found]
        lines = [[*row.key.values(), *row.old.values(), at] for row, at in zip(found, known, strict=True)]
        old = {"names": names, "rows": lines}
        yield {
            "id": found[-1].id,
            "table_name": table,
            "part": part,
            "changes": len(found),
            "old": json.dumps(old, ensure_ascii=False, separators=(",", ":")),
            "recorded_at": recorded_at,
        }


def _place_of(row: Any) -> tuple[Any, ...]:
    return row.table_name, row.part, row.recorded_at, (*row.key, *row.old, "known_at")


def downgrade() -> None:
    raise NotImplementedError(
        "what came instead is in no record any more; restore a backup of before the upgrade"
    )
