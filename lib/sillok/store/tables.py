"""The tables: facts of the market (:mod:`sillok.store.facts`), and the record of what was made of them.

A changed fact is a revision: the new value stands in its table, the old one in ``revision``
(:mod:`sillok.store.revisions`).
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import LONGTEXT

from sillok.store.facts import (
    account_cash,
    account_execution,
    account_position,
    corporate_action,
    daily_bar,
    index_bar,
    investor_day,
    issue,
    metadata,
    overseas_bar,
    rate_bar,
    raw_bar,
    session,
    statement,
    stream_gap,
    trade_tick,
)
from sillok.store.types import Exact, Points, UtcTime

__all__ = [
    "Exact",
    "Points",
    "UtcTime",
    "account_cash",
    "account_execution",
    "account_position",
    "check_result",
    "corporate_action",
    "daily_bar",
    "frozen_partition",
    "index_bar",
    "investor_day",
    "issue",
    "load",
    "metadata",
    "overseas_bar",
    "publication",
    "rate_bar",
    "raw_bar",
    "revision",
    "run",
    "session",
    "snapshot",
    "statement",
    "stream_gap",
    "trade_tick",
    "watermark",
]

_Long = Text().with_variant(LONGTEXT(), "mysql", "mariadb")

revision = Table(
    "revision",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("table_name", String(32), nullable=False),
    Column("part", Integer, nullable=False),  # the year its rows speak of; 0 where their key has no date
    Column("changes", Integer, nullable=False),  # how many rows it holds
    Column(
        "old", _Long, nullable=False
    ),  # JSON: names of columns, and rows of what stood; plain text to the servers
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
    Column("duration_s", Double),
    Column("plan", JSON),  # the windows that were planned before it began
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
    Column("previous", String(8)),  # the severity after the last load; null: not checked then
    Column("count", Integer, nullable=False),
    Column("kinds", JSON),  # what was found by kind, those that are no fault among them
    Column("summary", Text, nullable=False),
    Column("reason", Text),  # why this severity
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
