"""The manifest: which partitions make a snapshot. Its bytes are canonical, their sha256 is the snapshot's id."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sillok import clock
from sillok.errors import DataError
from sillok.market.seal import Seal

__all__ = ["Manifest", "Partition", "SnapshotInfo"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Partition:
    """One Arrow IPC file of a table, and between which instants its rows became known."""

    table: str  # as in the store; with "_old" behind it: values that were revised since
    part: int  # the year; 0 for a table that has none
    key: str
    rows: int
    known_first: datetime
    known_last: datetime
    seal: Seal

    def to_json(self) -> dict[str, Any]:
        """Return the entry as the manifest holds it."""
        return asdict(self) | {
            "known_first": self.known_first.isoformat(),
            "known_last": self.known_last.isoformat(),
        }

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> Partition:
        """Read an entry of a manifest."""
        times = {name: datetime.fromisoformat(entry[name]) for name in ("known_first", "known_last")}
        return cls(**entry | times | {"seal": Seal(**entry["seal"])})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds and how far it reaches."""

    source: str
    through: date  # the newest session
    closed_at: datetime  # its close
    next_session: date  # the first session that the snapshot cannot know
    next_close: datetime
    partitions: tuple[Partition, ...]

    @property
    def as_of(self) -> datetime:
        """The instant that a reader stands at by default: when the newest session was settled, or its close.

        The close where nothing that is told in the evening is there: not loaded yet, or not given by the source.
        """
        settled = (
            self.closed_at + clock.SETTLING
        )  # not from the calendar, which takes a kernel a second to build
        is_told = any(entry.known_last == settled for entry in self.partitions)
        return (settled if is_told else self.closed_at).astimezone(clock.KST)

    def to_bytes(self) -> bytes:
        """Return the canonical JSON."""
        body = {
            "format": _FORMAT,
            "source": self.source,
            "through": self.through.isoformat(),
            "closed_at": self.closed_at.isoformat(),
            "next_session": self.next_session.isoformat(),
            "next_close": self.next_close.isoformat(),
            "partitions": [entry.to_json() for entry in self.partitions],
        }
        return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Read a manifest; DataError if it is none, or of a later format."""
        try:
            body = json.loads(data)
            if body["format"] != _FORMAT:
                raise DataError(
                    f"the manifest has format {body['format']}, this version reads {_FORMAT}; update Sillok"
                )
            return cls(
                source=body["source"],
                through=date.fromisoformat(body["through"]),
                closed_at=datetime.fromisoformat(body["closed_at"]),
                next_session=date.fromisoformat(body["next_session"]),
                next_close=datetime.fromisoformat(body["next_close"]),
                partitions=tuple(Partition.from_json(entry) for entry in body["partitions"]),
            )
        except (ValueError, KeyError, TypeError) as err:
            raise DataError(
                "this object is not the manifest of a snapshot; `sillok freeze` makes one"
            ) from err

    def of(self, table: str) -> list[Partition]:
        """Return the partitions of ``table``, in the order of their years."""
        return [entry for entry in self.partitions if entry.table == table]


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """A frozen snapshot: what :func:`sillok.market.freeze` made or found."""

    id: str
    seq: int
    source: str
    through: date
    load_id: str
    partitions: int
    reused: int
