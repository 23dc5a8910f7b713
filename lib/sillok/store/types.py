"""Column types that give back on SQLite and MySQL exactly what was written."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import DateTime, Double, Numeric
from sqlalchemy.dialects.mysql import DATETIME
from sqlalchemy.types import TypeDecorator

from sillok.errors import DataError

__all__ = ["Exact", "Points", "UtcTime"]

_DOUBLE_DIGITS = 15  # every decimal of so many digits survives the way into a double and back


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


class Exact(TypeDecorator[Decimal]):
    """A decimal with ``scale`` digits behind the point and at most 15 in all, which SQLite's double holds exactly.

    DECIMAL where the server has it. A finer or a longer value is refused, never rounded.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        if precision > _DOUBLE_DIGITS:
            raise ValueError(f"SQLite holds {_DOUBLE_DIGITS} digits exactly, got a precision of {precision}")
        super().__init__(precision, scale)
        self.precision, self.scale = precision, scale

    def __repr__(self) -> str:
        return f"Exact({self.precision}, {self.scale})"

    def check(self, value: Decimal | int | None) -> None:
        """Raise DataError unless the column holds ``value`` as it is."""
        if value is None:
            return
        is_number = isinstance(value, Decimal | int) and Decimal(value).is_finite()
        if (
            not is_number
            or round(value, self.scale) != value
            or abs(value) >= 10 ** (self.precision - self.scale)
        ):
            raise DataError(
                f"a decimal of {self.precision} digits, {self.scale} of them behind the point, cannot hold {value!r}; "
                "parse it as Decimal, and widen the column if the vendor gives more digits",
                value=value,
            )

    def load_dialect_impl(self, dialect: Any) -> Any:
        kind = Double() if dialect.name == "sqlite" else Numeric(self.precision, self.scale)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Decimal | int | None, dialect: Any) -> Decimal | float | None:
        self.check(value)
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(f"{value:.{self.scale}f}")
