"""The vendor's names, once: every KIS field beside our name, kind, unit and Korean label."""

from sillok.kis.schema.master import MASTER_FILES, SECTOR_FILE, format_line, split_line
from sillok.kis.schema.price import PRICE
from sillok.kis.schema.quotations import DAILY_CHART, HOLIDAYS, INDEX_CHART, INDEX_CODES
from sillok.kis.schema.shape import (
    ERROR_CODE,
    ERROR_TEXT,
    MESSAGE,
    MESSAGE_CODE,
    OK,
    RESULT,
    Block,
    Endpoint,
    Field,
)
from sillok.kis.schema.trading import BALANCE

__all__ = [
    "BALANCE",
    "DAILY_CHART",
    "ERROR_CODE",
    "ERROR_TEXT",
    "HOLIDAYS",
    "INDEX_CHART",
    "INDEX_CODES",
    "MASTER_FILES",
    "MESSAGE",
    "MESSAGE_CODE",
    "OK",
    "PRICE",
    "RESULT",
    "SECTOR_FILE",
    "Block",
    "Endpoint",
    "Field",
    "format_line",
    "split_line",
]
