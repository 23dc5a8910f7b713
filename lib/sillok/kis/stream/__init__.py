"""The live stream: trades, order books and notices over WebSocket, with every gap told."""

from sillok.kis.stream.acks import InUseError
from sillok.kis.stream.events import (
    Event,
    Gap,
    IndexTick,
    Level,
    MarketState,
    Notice,
    OrderBook,
    OverseasTrade,
    Trade,
)
from sillok.kis.stream.session import Patience, Stream, stream_url

__all__ = [
    "Event",
    "Gap",
    "InUseError",
    "IndexTick",
    "Level",
    "MarketState",
    "Notice",
    "OrderBook",
    "OverseasTrade",
    "Patience",
    "Stream",
    "Trade",
    "stream_url",
]
