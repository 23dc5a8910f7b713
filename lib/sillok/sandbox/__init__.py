"""A local server that speaks the KIS protocol, over a made-up market or over replayed history."""

from sillok.sandbox.app import create_app
from sillok.sandbox.faults import Faults
from sillok.sandbox.gate import Gate, Limits
from sillok.sandbox.serve import serve
from sillok.sandbox.stream.feed import StreamOptions
from sillok.sandbox.world.market import Market
from sillok.sandbox.world.synthetic import DEFAULT_SEED, make_market

__all__ = [
    "DEFAULT_SEED",
    "Faults",
    "Gate",
    "Limits",
    "Market",
    "StreamOptions",
    "create_app",
    "make_market",
    "serve",
]
