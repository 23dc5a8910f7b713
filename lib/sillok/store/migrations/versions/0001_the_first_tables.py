"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from sillok.store.steps import create_index, create_table
from sillok.store.tables import Points, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "check_result",
        sa.Column("load_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("examples", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("load_id", "name", name=op.f("pk_check_result")),
    )
    create_table(
        "daily_bar",
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("close", sa.Integer(), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=True),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "date", name=op.f("pk_daily_bar")),
    )
    create_index("ix_daily_bar_date", "daily_bar", ["date"])

    create_table(
        "frozen_partition",
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=120), nullable=False),
        sa.Column("entries", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "part", name=op.f("pk_frozen_partition")),
    )
    create_table(
        "index_bar",
        sa.Column("code", sa.String(length=8), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", Points(), nullable=False),
        sa.Column("high", Points(), nullable=False),
        sa.Column("low", Points(), nullable=False),
        sa.Column("close", Points(), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("amount_krw", sa.BigInteger(), nullable=True),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("code", "date", name=op.f("pk_index_bar")),
    )
    create_table(
        "issue",
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("isin", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("market", sa.String(length=8), nullable=False),
        sa.Column("security_type", sa.String(length=4), nullable=False),
        sa.Column("industry", sa.String(length=80), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("delisted_on", sa.Date(), nullable=True),
        sa.Column("shares", sa.BigInteger(), nullable=True),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", name=op.f("pk_issue")),
    )
    create_table(
        "load",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_load")),
    )
    create_table(
        "publication",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
        sa.UniqueConstraint("slug", "run_id", name=op.f("uq_publication_slug_run_id")),
    )
    create_index("ix_publication_slug", "publication", ["slug"])

    create_table(
        "revision",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("table_name", sa.String(length=32), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("old", sa.JSON(), nullable=False),
        sa.Column("new", sa.JSON(), nullable=False),
        sa.Column("old_known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision")),
    )
    create_index("ix_revision_table_name_part", "revision", ["table_name", "part"])

    create_table(
        "run",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("notebook", sa.String(length=200), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("source_hash", sa.String(length=64), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.Column("lock_hash", sa.String(length=64), nullable=False),
        sa.Column("snapshot_id", sa.String(length=64), nullable=False),
        sa.Column("as_of", UtcTime(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.Column("executed_key", sa.String(length=64), nullable=True),
        sa.Column(
            "log",
            sa.Text().with_variant(mysql.LONGTEXT(), "mariadb").with_variant(mysql.LONGTEXT(), "mysql"),
            nullable=True,
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    create_index("ix_run_started_at", "run", ["started_at"])

    create_table(
        "session",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_session")),
    )
    create_table(
        "snapshot",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("load_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("seq", name=op.f("uq_snapshot_seq")),
    )
    create_table(
        "watermark",
        sa.Column("dataset", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        sa.Column("moved_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("dataset", "key", name=op.f("pk_watermark")),
    )


def downgrade() -> None:
    op.drop_table("watermark")
    op.drop_table("snapshot")
    op.drop_table("session")
    op.drop_index(op.f("ix_run_started_at"), table_name="run")

    op.drop_table("run")
    op.drop_index(op.f("ix_revision_table_name_part"), table_name="revision")

    op.drop_table("revision")
    op.drop_index(op.f("ix_publication_slug"), table_name="publication")

    op.drop_table("publication")
    op.drop_table("load")
    op.drop_table("issue")
    op.drop_table("index_bar")
    op.drop_table("frozen_partition")
    op.drop_index(op.f("ix_daily_bar_date"), table_name="daily_bar")

    op.drop_table("daily_bar")
    op.drop_table("check_result")
