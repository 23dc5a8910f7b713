"""Korean or English, by ``SILLOK_LANG`` or the locale. Both stand side by side where they are said."""

from __future__ import annotations

import os
from functools import lru_cache

__all__ = ["language", "text"]


@lru_cache(maxsize=1)
def language() -> str:
    """Return ``ko`` or ``en``: ``SILLOK_LANG`` first, then the locale as POSIX orders its variables."""
    for name in ("SILLOK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "ko" if value.lower().startswith("ko") else "en"
    return "en"


def text(en: str, ko: str) -> str:
    """Return the one of the two that the reader reads."""
    return ko if language() == "ko" else en
