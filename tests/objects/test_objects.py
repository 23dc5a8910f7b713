"""Objects keep bytes under their checksum, in a directory and on S3 alike, and notice every damage."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sillok.errors import ConfigError, DataError, MissingDataError, ResourceError
from sillok.objects import Objects, open_objects

ABSENT = "0" * 64


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.s3)])
def objects(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Objects]:
    if request.param == "folder":
        yield open_objects("", directory=tmp_path / "objects", cache=tmp_path / "cache")
        return
    server, bucket = request.getfixturevalue("s3"), request.getfixturevalue("fresh_bucket")
    yield open_objects(
        server.url(bucket),
        directory=tmp_path / "unused",
        cache=tmp_path / "cache",
        access_key=server.access_key,
        secret_key=server.secret_key,
    )


def test_bytes_come_back_under_the_checksum_of_their_content(objects: Objects) -> None:
    key = objects.put("실록".encode())
    assert key == hashlib.sha256("실록".encode()).hexdigest()
    assert objects.get(key) == "실록".encode()
    assert objects.path(key).read_bytes() == "실록".encode()
    assert objects.has(key)


def test_the_same_bytes_again_give_the_same_key(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"annals" * 300_000)
    key = objects.put(b"annals" * 300_000)
    assert objects.put(tmp_path / "a file") == key == objects.put(b"annals" * 300_000)
    assert objects.get(key) == b"annals" * 300_000


def test_a_file_is_kept_without_being_held_in_memory_as_bytes(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"")
    assert objects.get(objects.put(tmp_path / "a file")) == b""


def test_what_is_not_there_is_said_to_be_missing(objects: Objects) -> None:
    objects.put(b"something else")
    assert not objects.has(ABSENT)
    for ask in (objects.get, objects.path):
        with pytest.raises(MissingDataError, match=ABSENT):
            ask(ABSENT)


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_a_key_that_is_no_checksum_is_refused(objects: Objects, key: str) -> None:
    for ask in (objects.get, objects.path, objects.has):
        with pytest.raises(DataError, match="not an object key"):
            ask(key)


def damage(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


@pytest.mark.parametrize("data", [b"annalz", b"anna", b""])
def test_a_damaged_file_is_named_and_never_handed_out(tmp_path: Path, data: bytes) -> None:
    objects = open_objects("", directory=tmp_path, cache=tmp_path)
    key = objects.put(b"annals")
    damage(objects.path(key), data)
    for ask in (objects.get, objects.path):
        with pytest.raises(DataError, match=f"{key} is damaged"):
            ask(key)


def test_a_file_that_was_cut_short_is_made_whole_by_putting_it_again(tmp_path: Path) -> None:
    objects = open_objects("", directory=tmp_path, cache=tmp_path)
    key = objects.put(b"annals")
    damage(objects.path(key), b"ann")
    objects.put(b"annals")
    assert objects.get(key) == b"annals"


def test_a_reader_that_checks_its_parts_itself_gets_the_file_unread(objects: Objects) -> None:
    key = objects.put(b"annals")
    assert objects.path(key, check=False).read_bytes() == b"annals"
    with pytest.raises(MissingDataError):
        objects.path(ABSENT, check=False)


@pytest.mark.s3
def test_a_damaged_local_copy_is_fetched_again(s3, fresh_bucket: str, tmp_path: Path) -> None:
    keys = {"access_key": s3.access_key, "secret_key": s3.secret_key}
    objects = open_objects(s3.url(fresh_bucket), directory=tmp_path, cache=tmp_path / "cache", **keys)
    key = objects.put(b"annals")
    damage(objects.path(key), b"annalz")
    assert objects.get(key) == b"annals"


@pytest.mark.s3
def test_a_damaged_original_on_s3_is_named(s3, fresh_bucket: str, tmp_path: Path) -> None:
    import io

    from minio import Minio

    keys = {"access_key": s3.access_key, "secret_key": s3.secret_key}
    objects = open_objects(s3.url(fresh_bucket), directory=tmp_path, cache=tmp_path / "cache", **keys)
    key = objects.put(b"annals")
    Minio(s3.endpoint, **keys, secure=False).put_object(
        fresh_bucket, f"{key[:2]}/{key}", io.BytesIO(b"annalz"), 6
    )
    with pytest.raises(DataError, match=f"{key} is damaged"):
        objects.get(key)


@pytest.mark.s3
def test_wrong_keys_for_s3_are_a_config_error_without_the_secret(
    s3, fresh_bucket: str, tmp_path: Path
) -> None:
    objects = open_objects(
        s3.url(fresh_bucket),
        directory=tmp_path,
        cache=tmp_path,
        access_key=s3.access_key,
        secret_key="hunter2hunter2",
    )
    with pytest.raises(ConfigError, match="refuses the keys") as caught:
        objects.put(b"annals")
    assert "hunter2" not in str(caught.value)


def test_an_s3_server_that_is_not_there_is_a_resource_error(tmp_path: Path) -> None:
    objects = open_objects(
        "s3://127.0.0.1:1/sillok?secure=0", directory=tmp_path, cache=tmp_path, access_key="a", secret_key="b"
    )
    with pytest.raises(ResourceError, match="does not answer"):
        objects.put(b"annals")


@pytest.mark.parametrize(
    "url",
    [
        "minio:9000/sillok",
        "http://minio:9000/sillok",
        "s3://minio:9000",
        "s3://minio:9000/a/b",
        "s3://me:hunter2@minio/b",
    ],
)
def test_a_url_that_is_not_ours_is_a_config_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        open_objects(url, directory=tmp_path, cache=tmp_path, access_key="a", secret_key="b")
    assert "hunter2" not in str(caught.value)


def test_s3_without_keys_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SILLOK_OBJECTS_ACCESS_KEY"):
        open_objects("s3://minio:9000/sillok", directory=tmp_path, cache=tmp_path)


def test_a_full_disk_is_a_resource_error_and_leaves_no_half_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = open_objects("", directory=tmp_path / "objects", cache=tmp_path)

    def refuse(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(ResourceError, match=r"No space left.*nothing is lost"):
        objects.put(b"annals")
    assert [path for path in (tmp_path / "objects").rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_a_resource_error(tmp_path: Path) -> None:
    (tmp_path / "objects").write_text("in the way")
    with pytest.raises(ResourceError, match="cannot write"):
        open_objects("", directory=tmp_path / "objects", cache=tmp_path).put(b"annals")


@given(data=st.binary(max_size=2_000))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_come_back(tmp_path: Path, data: bytes) -> None:
    objects = open_objects("", directory=tmp_path, cache=tmp_path)
    assert objects.get(objects.put(data)) == data
