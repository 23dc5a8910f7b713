"""Freeze: turn what the store knows into a snapshot, reading only the partitions that changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
from sqlalchemy import Connection, Row, delete, extract, func, insert, select, update

from sillok import clock
from sillok.errors import DataError, MissingDataError
from sillok.market.history import read_superseded
from sillok.market.manifest import Manifest, Partition, SnapshotInfo
from sillok.market.partition import pack, read_current
from sillok.market.seal import make_seal
from sillok.market.shapes import SHAPES, Shape
from sillok.objects import Objects
from sillok.store import Store
from sillok.store.tables import daily_bar, frozen_partition, load, revision, snapshot

__all__ = ["freeze", "latest_snapshot"]

_LAYOUT = "1: "  # of partitions; another number makes every partition be frozen anew
_LONGEST_BREAK = timedelta(days=20)  # no KRX holiday comes near it


def _fingerprints(conn: Connection, shape: Shape) -> Iterator[tuple[int, str]]:
    """Yield (part, fingerprint); any insert or revision changes the fingerprint."""
    facts = [func.count(), func.max(shape.table.c.recorded_at)]
    if shape.day:
        year = extract("year", shape.table.c[shape.day])
        counts = [tuple(row) for row in conn.execute(select(year, *facts).group_by(year).order_by(year))]
    else:
        counts = [(0, *row) for row in conn.execute(select(*facts)) if row[0]]
    newest = select(revision.c.part, func.max(revision.c.id)).where(revision.c.table_name == shape.table.name)
    revised = {row[0]: row[1] for row in conn.execute(newest.group_by(revision.c.part))}
    for part, rows, recorded_at in counts:
        yield int(part), f"{_LAYOUT}{rows} {recorded_at.isoformat()} {revised.get(int(part), 0)}"


def _keep(objects: Objects, table: pa.Table, shape: Shape, part: int, *, old: bool = False) -> Partition:
    known = pa.compute.min_max(table.column("known_at"))
    data = pack(table, shape, old=old)
    return Partition(
        table=shape.table.name + ("_old" if old else ""),
        part=part,
        key=objects.put(data.to_pybytes()),
        rows=table.num_rows,
        known_first=known["min"].as_py().astimezone(UTC),
        known_last=known["max"].as_py().astimezone(UTC),
        seal=make_seal(data),
    )


def _freeze_part(conn: Connection, objects: Objects, shape: Shape, part: int) -> list[Partition]:
    current = read_current(conn, shape, part)
    entries = [_keep(objects, current, shape, part)]
    superseded = read_superseded(conn, shape, part, current)
    return entries if superseded is None else [*entries, _keep(objects, superseded, shape, part, old=True)]


def _known_parts(conn: Connection) -> dict[tuple[str, int, str], list[Partition]]:
    """Return what was frozen before, by table, part and fingerprint; another layout's is left out."""
    return {
        (row.table_name, row.part, row.fingerprint): [Partition.from_json(entry) for entry in row.entries]
        for row in conn.execute(select(frozen_partition))
        if row.fingerprint.startswith(_LAYOUT)
    }


def _remember(conn: Connection, table: str, part: int, fingerprint: str, entries: list[Partition]) -> None:
    place = (frozen_partition.c.table_name == table) & (frozen_partition.c.part == part)
    conn.execute(delete(frozen_partition).where(place))
    listed = [entry.to_json() for entry in entries]
    conn.execute(
        insert(frozen_partition).values(table_name=table, part=part, fingerprint=fingerprint, entries=listed)
    )


def _require_load(conn: Connection, load_id: str) -> Row[tuple[str, date]]:
    row = conn.execute(
        select(load.c.source, load.c.through, load.c.status).where(load.c.id == load_id)
    ).first()
    if row is None:
        raise MissingDataError(f"there is no load {load_id}; `sillok ingest` makes one", load_id=load_id)
    if row.status != "done":
        raise DataError(
            f"load {load_id} is {row.status}; only a load that is done is frozen: run `sillok ingest` again",
            load_id=load_id,
        )
    if conn.execute(select(daily_bar.c.symbol).limit(1)).first() is None:
        raise MissingDataError(
            f"the market is empty: load {load_id} brought no daily bar; check the source and the start date",
            load_id=load_id,
        )
    return row


def _manifest(source: str, through: date, partitions: list[Partition]) -> Manifest:
    following = clock.sessions(through + timedelta(days=1), through + _LONGEST_BREAK)[0]
    return Manifest(
        source=source,
        through=through,
        closed_at=clock.session_close(through).astimezone(UTC),
        next_session=following,
        next_close=clock.session_close(following).astimezone(UTC),
        partitions=tuple(sorted(partitions, key=lambda entry: (entry.table, entry.part))),
    )


def _record(conn: Connection, snapshot_id: str, manifest: Manifest, load_id: str, now: datetime) -> int:
    """Make ``snapshot_id`` the newest row and return its number; it may have been the newest already."""
    newest = conn.execute(
        select(snapshot.c.id, snapshot.c.seq).order_by(snapshot.c.seq.desc()).limit(1)
    ).first()
    if newest is not None and newest.id == snapshot_id:
        conn.execute(update(snapshot).where(snapshot.c.id == snapshot_id).values(load_id=load_id))
        return int(newest.seq)
    seq = 1 if newest is None else int(newest.seq) + 1
    # The same content as an older snapshot, after another: it is the newest again, under its one id.
    conn.execute(delete(snapshot).where(snapshot.c.id == snapshot_id))
    conn.execute(
        insert(snapshot).values(
            id=snapshot_id,
            seq=seq,
            source=manifest.source,
            through=manifest.through,
            load_id=load_id,
            created_at=now,
        )
    )
    return seq


def freeze(store: Store, objects: Objects, *, load_id: str, now: datetime) -> SnapshotInfo:
    """Freeze the store after the load ``load_id`` and record the snapshot as the newest.

    A partition is a table's year (or a whole small table) as an Arrow IPC file. One that did not change since
    it was last frozen is not read again. The same content gives the same id, whenever and on whichever
    database it was recorded: ``known_at`` is part of the content, ``recorded_at`` is not.

    Raises
    ------
    MissingDataError
        If there is no such load, or not one daily bar.
    DataError
        If the load is not done.
    ResourceError
        If the object store or the database cannot take it; the last snapshot stays the newest.
    """
    partitions: list[Partition] = []
    fresh: list[tuple[str, int, str, list[Partition]]] = []
    with store.read() as conn:
        row = _require_load(conn, load_id)
        known = _known_parts(conn)
        for name, shape in SHAPES.items():
            for part, fingerprint in _fingerprints(conn, shape):
                entries = known.get((name, part, fingerprint), [])
                if not entries or not all(objects.has(entry.key) for entry in entries):
                    entries = _freeze_part(conn, objects, shape, part)
                    fresh.append((name, part, fingerprint, entries))
                partitions += entries
        manifest = _manifest(row.source, row.through, partitions)
    snapshot_id = objects.put(manifest.to_bytes())
    with store.begin() as conn:
        for name, part, fingerprint, entries in fresh:
            _remember(conn, name, part, fingerprint, entries)
        seq = _record(conn, snapshot_id, manifest, load_id, now)
    reused = len(partitions) - sum(len(entries) for *_, entries in fresh)
    return SnapshotInfo(snapshot_id, seq, row.source, row.through, load_id, len(partitions), reused)


def latest_snapshot(store: Store) -> SnapshotInfo:
    """Return the newest snapshot; its partition counts are not known here and stand as 0.

    Raises
    ------
    MissingDataError
        If nothing was frozen yet.
    """
    with store.engine.connect() as conn:
        row = conn.execute(select(snapshot).order_by(snapshot.c.seq.desc()).limit(1)).first()
    if row is None:
        raise MissingDataError("there is no snapshot yet; run `sillok ingest`, then `sillok freeze`")
    return SnapshotInfo(row.id, row.seq, row.source, row.through, row.load_id, 0, 0)
