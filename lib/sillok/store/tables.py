"""The tables: facts of the market, and the record of what was made of them.

Every fact carries three times: the session or period it speaks of, ``known_at`` (when the market could know
it) and ``recorded_at`` (when this node wrote it). A changed fact is a revision: the new value stands in its
table, the old one in ``revision``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT
from sqlalchemy.types import TypeDecorator

__all__ = [
    "Points",
    "UtcTime",
    "check_result",
    "daily_bar",
    "frozen_partition",
    "index_bar",
    "issue",
    "load",
    "metadata",
    "publication",
    "revision",
    "run",
    "session",
    "snapshot",
    "watermark",
]


class UtcTime(TypeDecorator[datetime]):
    """An aware instant, kept as UTC to the microsecond; a naive one is refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        kind = DATETIME(fsp=6) if dialect.name in {"mysql", "mariadb"} else DateTime()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a stored instant needs a time zone, got {value!r}")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Points(TypeDecorator[Decimal]):
    """An index level with two decimals: DECIMAL where the server has it, a double rounded on reading in SQLite."""

    impl = Numeric(12, 2)
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(Double() if dialect.name == "sqlite" else Numeric(12, 2))

    def process_bind_param(self, value: Decimal | None, dialect: Any) -> Decimal | float | None:
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(f"{value:.2f}")


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

_Long = Text().with_variant(LONGTEXT(), "mysql", "mariadb")


def _times() -> list[Column[Any]]:
    return [Column("known_at", UtcTime, nullable=False), Column("recorded_at", UtcTime, nullable=False)]


# ---- facts of the market
session = Table("session", metadata, Column("date", Date, primary_key=True), *_times())

issue = Table(
    "issue",
    metadata,
    Column("symbol", String(12), primary_key=True),
    Column("isin", String(12), nullable=False),
    Column("name", String(80), nullable=False),
    Column("market", String(8), nullable=False),  # KOSPI or KOSDAQ
    Column("security_type", String(4), nullable=False),  # the master file's group: ST, EF, RT, ...
    Column("industry", String(80), nullable=False),  # empty: the vendor names none
    Column("listed_on", Date),
    Column("delisted_on", Date),  # the first day without it
    Column("shares", BigInteger),
    *_times(),
)

daily_bar = Table(  # prices adjusted for splits and the like, KRW; volume in shares
    "daily_bar",
    metadata,
    Column("symbol", String(12), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("open", Integer, nullable=False),  # 0 with high and low 0: halted, the close carried on
    Column("high", Integer, nullable=False),
    Column("low", Integer, nullable=False),
    Column("close", Integer, nullable=False),
    Column("volume", BigInteger, nullable=False),
    Column("amount_krw", BigInteger),  # null: the source gives none
    *_times(),
    Index(None, "date"),
)

index_bar = Table(  # points with two decimals
    "index_bar",
    metadata,
    Column("code", String(8), primary_key=True),  # KOSPI, KOSDAQ, KOSPI200
    Column("date", Date, primary_key=True),
    Column("open", Points, nullable=False),
    Column("high", Points, nullable=False),
    Column("low", Points, nullable=False),
    Column("close", Points, nullable=False),
    Column("volume", BigInteger),  # shares
    Column("amount_krw", BigInteger),
    *_times(),
)

revision = Table(
    "revision",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("table_name", String(32), nullable=False),
    Column("part", Integer, nullable=False),  # the year the row speaks of; 0 where its key has no date
    Column("key", JSON, nullable=False),
    Column("old", JSON, nullable=False),
    Column("new", JSON, nullable=False),
    Column("old_known_at", UtcTime, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Index(None, "table_name", "part"),
)

# ---- how they came here
load = Table(
    "load",
    metadata,
    Column("id", String(32), primary_key=True),  # uuid4 hex
    Column("source", String(16), nullable=False),  # kis, synthetic or replay
    Column("status", String(16), nullable=False),  # running, done, failed
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("through", Date, nullable=False),  # the session it reaches
    Column("counts", JSON),
    Column("error", Text),
)

watermark = Table(
    "watermark",
    metadata,
    Column("dataset", String(32), primary_key=True),
    Column("key", String(16), primary_key=True),
    Column("through", Date, nullable=False),  # inclusive
    Column("moved_at", UtcTime, nullable=False),
)

check_result = Table(
    "check_result",
    metadata,
    Column("load_id", String(32), primary_key=True),
    Column("name", String(48), primary_key=True),
    Column("severity", String(8), nullable=False),  # ok, info, warn, error
    Column("count", Integer, nullable=False),
    Column("summary", Text, nullable=False),
    Column("examples", JSON, nullable=False),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("id", String(64), primary_key=True),  # sha256 of the manifest
    Column("seq", Integer, nullable=False, unique=True),  # 1, 2, ...: the newest is the latest
    Column("source", String(16), nullable=False),
    Column("through", Date, nullable=False),  # the newest session in it
    Column("load_id", String(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

frozen_partition = Table(  # what a partition was last made of, so that an unchanged one is not read again
    "frozen_partition",
    metadata,
    Column("table_name", String(32), primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("fingerprint", String(120), nullable=False),  # rows, newest recorded_at, revisions
    Column("entries", JSON, nullable=False),  # the manifest's entries for it
)

# ---- what was made of them
run = Table(
    "run",
    metadata,
    Column("id", String(32), primary_key=True),  # uuid4 hex
    Column("notebook", String(200), nullable=False),  # path in the project
    Column("title", String(200), nullable=False),
    Column("status", String(16), nullable=False),  # running, done, failed
    Column("parameters", JSON, nullable=False),
    Column("source_hash", String(64), nullable=False),  # sha256 of the source notebook
    Column("commit", String(64), nullable=False),  # git commit, "+dirty" behind it; empty outside a checkout
    Column("lock_hash", String(64), nullable=False),  # sha256 of uv.lock
    Column("snapshot_id", String(64), nullable=False),
    Column("as_of", UtcTime, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("executed_key", String(64)),  # sha256 of the executed notebook in the object store
    Column("log", _Long),
    Column("error", Text),
    Index(None, "started_at"),
)

publication = Table(  # every decision of the gate; the newest one that published is the page that is up
    "publication",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("slug", String(80), nullable=False),
    Column("run_id", String(32), nullable=False),
    Column("published", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", UtcTime, nullable=False),
    UniqueConstraint("slug", "run_id"),
    Index(None, "slug"),
)
