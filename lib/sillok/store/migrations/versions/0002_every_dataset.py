"""Prices as traded, investors, statements, corporate actions, markets abroad, the account and the stream."""

import sqlalchemy as sa
from alembic import op

from sillok.store.steps import add_column, create_index, create_table
from sillok.store.types import Exact, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "account_cash",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("cash_krw", sa.BigInteger(), nullable=False),
        sa.Column("cash_d1_krw", sa.BigInteger(), nullable=False),
        sa.Column("cash_d2_krw", sa.BigInteger(), nullable=False),
        sa.Column("securities_krw", sa.BigInteger(), nullable=False),
        sa.Column("total_krw", sa.BigInteger(), nullable=False),
        sa.Column("net_assets_krw", sa.BigInteger(), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "date", name=op.f("pk_account_cash")),
    )
    create_table(
        "account_execution",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("order_no", sa.String(length=16), nullable=False),
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("order_qty", sa.BigInteger(), nullable=False),
        sa.Column("filled_qty", sa.BigInteger(), nullable=False),
        sa.Column("average_price", Exact(15, 4), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("ordered_at", UtcTime(), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "date", "order_no", name=op.f("pk_account_execution")),
    )
    create_table(
        "account_position",
        sa.Column("account", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("sellable", sa.BigInteger(), nullable=False),
        sa.Column("average_price", Exact(15, 4), nullable=False),
        sa.Column("cost_krw", sa.BigInteger(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("value_krw", sa.BigInteger(), nullable=False),
        sa.Column("profit_krw", sa.BigInteger(), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("account", "date", "symbol", name=op.f("pk_account_position")),
    )
    create_table(
        "corporate_action",
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("record_date", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("ex_date", sa.Date(), nullable=True),
        sa.Column("list_date", sa.Date(), nullable=True),
        sa.Column("pay_date", sa.Date(), nullable=True),
        sa.Column("halt_from", sa.Date(), nullable=True),
        sa.Column("halt_to", sa.Date(), nullable=True),
        sa.Column("ratio_pct", Exact(15, 4), nullable=True),
        sa.Column("cash_krw", sa.BigInteger(), nullable=True),
        sa.Column("par_before", sa.Integer(), nullable=True),
        sa.Column("par_after", sa.Integer(), nullable=True),
        sa.Column("shares", sa.BigInteger(), nullable=True),
        sa.Column("price_krw", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "kind", "record_date", "number", name=op.f("pk_corporate_action")),
    )
    create_table(
        "investor_day",
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("individual_qty", sa.BigInteger(), nullable=True),
        sa.Column("foreign_qty", sa.BigInteger(), nullable=True),
        sa.Column("institution_qty", sa.BigInteger(), nullable=True),
        sa.Column("individual_krw", sa.BigInteger(), nullable=True),
        sa.Column("foreign_krw", sa.BigInteger(), nullable=True),
        sa.Column("institution_krw", sa.BigInteger(), nullable=True),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "date", name=op.f("pk_investor_day")),
    )
    create_index("ix_investor_day_date", "investor_day", ["date"])
    create_table(
        "overseas_bar",
        sa.Column("market", sa.String(length=4), nullable=False),
        sa.Column("symbol", sa.String(length=16), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", Exact(15, 4), nullable=False),
        sa.Column("high", Exact(15, 4), nullable=False),
        sa.Column("low", Exact(15, 4), nullable=False),
        sa.Column("close", Exact(15, 4), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("market", "symbol", "date", name=op.f("pk_overseas_bar")),
    )
    create_table(
        "rate_bar",
        sa.Column("pair", sa.String(length=8), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", Exact(15, 6), nullable=False),
        sa.Column("high", Exact(15, 6), nullable=False),
        sa.Column("low", Exact(15, 6), nullable=False),
        sa.Column("close", Exact(15, 6), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("pair", "date", name=op.f("pk_rate_bar")),
    )
    create_table(
        "raw_bar",
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("close", sa.Integer(), nullable=False),
        sa.Column("volume", sa.BigInteger(), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=True),
        sa.Column("ex_code", sa.String(length=2), nullable=False),
        sa.Column("split_pct", Exact(15, 4), nullable=True),
        sa.Column("revaluation", sa.String(length=2), nullable=False),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "date", name=op.f("pk_raw_bar")),
    )
    create_index("ix_raw_bar_date", "raw_bar", ["date"])
    create_table(
        "statement",
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("basis", sa.String(length=8), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("sales_krw", sa.BigInteger(), nullable=True),
        sa.Column("cost_of_sales_krw", sa.BigInteger(), nullable=True),
        sa.Column("gross_profit_krw", sa.BigInteger(), nullable=True),
        sa.Column("operating_profit_krw", sa.BigInteger(), nullable=True),
        sa.Column("pretax_profit_krw", sa.BigInteger(), nullable=True),
        sa.Column("net_income_krw", sa.BigInteger(), nullable=True),
        sa.Column("current_assets_krw", sa.BigInteger(), nullable=True),
        sa.Column("noncurrent_assets_krw", sa.BigInteger(), nullable=True),
        sa.Column("assets_krw", sa.BigInteger(), nullable=True),
        sa.Column("current_liabilities_krw", sa.BigInteger(), nullable=True),
        sa.Column("noncurrent_liabilities_krw", sa.BigInteger(), nullable=True),
        sa.Column("liabilities_krw", sa.BigInteger(), nullable=True),
        sa.Column("capital_krw", sa.BigInteger(), nullable=True),
        sa.Column("equity_krw", sa.BigInteger(), nullable=True),
        sa.Column("sales_growth_pct", Exact(15, 4), nullable=True),
        sa.Column("operating_growth_pct", Exact(15, 4), nullable=True),
        sa.Column("net_growth_pct", Exact(15, 4), nullable=True),
        sa.Column("roe_pct", Exact(15, 4), nullable=True),
        sa.Column("eps_krw", Exact(15, 4), nullable=True),
        sa.Column("sales_per_share_krw", Exact(15, 4), nullable=True),
        sa.Column("bps_krw", Exact(15, 4), nullable=True),
        sa.Column("reserve_pct", Exact(15, 4), nullable=True),
        sa.Column("debt_pct", Exact(15, 4), nullable=True),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("symbol", "basis", "period", name=op.f("pk_statement")),
    )
    create_table(
        "stream_gap",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("began_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "symbol", "began_at", name=op.f("pk_stream_gap")),
    )
    create_table(
        "trade_tick",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("symbol", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("volume", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("traded_at", UtcTime(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("side", sa.String(length=4), nullable=False),
        sa.Column("ask", sa.Integer(), nullable=False),
        sa.Column("bid", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "symbol", "date", "volume", name=op.f("pk_trade_tick")),
    )
    add_column("check_result", sa.Column("previous", sa.String(length=8), nullable=True))
    add_column("check_result", sa.Column("kinds", sa.JSON(), nullable=True))
    add_column("check_result", sa.Column("reason", sa.Text(), nullable=True))
    add_column("load", sa.Column("duration_s", sa.Double(), nullable=True))
    add_column("load", sa.Column("plan", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("load", "plan")
    op.drop_column("load", "duration_s")
    op.drop_column("check_result", "reason")
    op.drop_column("check_result", "kinds")
    op.drop_column("check_result", "previous")
    op.drop_table("trade_tick")
    op.drop_table("stream_gap")
    op.drop_table("statement")
    op.drop_index(op.f("ix_raw_bar_date"), table_name="raw_bar")
    op.drop_table("raw_bar")
    op.drop_table("rate_bar")
    op.drop_table("overseas_bar")
    op.drop_index(op.f("ix_investor_day_date"), table_name="investor_day")
    op.drop_table("investor_day")
    op.drop_table("corporate_action")
    op.drop_table("account_position")
    op.drop_table("account_execution")
    op.drop_table("account_cash")
