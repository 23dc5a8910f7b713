"""Streams of chance: one for every kind of fact, so that none hangs on what else was asked.

A stream is seeded by the market's seed and the words that name the fact. Read it session by session from the
first, or make it anew for a day: then nothing told of a day hangs on where the market ends.
"""

from __future__ import annotations

import zlib

import numpy as np

__all__ = ["stream"]


def stream(seed: int, *what: str | int) -> np.random.Generator:
    """Return a fresh stream for the fact that the words and numbers ``what`` name."""
    parts = [zlib.crc32(part.encode()) if isinstance(part, str) else part for part in what]
    return np.random.default_rng([seed, 7, *parts])
