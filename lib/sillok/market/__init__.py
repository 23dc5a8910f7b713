"""The market: freeze the store into snapshots, and open one as of an instant.

A snapshot is a manifest of Arrow IPC files, each named by its sha256; its own id is the sha256 of the manifest.
What was not known at ``as_of`` cannot be seen through a :class:`Market`.
"""

from sillok.market.freeze import freeze, latest_snapshot
from sillok.market.manifest import SnapshotInfo
from sillok.market.view import Market, open_market

__all__ = ["Market", "SnapshotInfo", "freeze", "latest_snapshot", "open_market"]
