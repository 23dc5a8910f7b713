"""The servers that other tests stand on answer, speak Korean, and end with the run."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.conftest import S3Server


@pytest.mark.mariadb
def test_mariadb_keeps_hangul(fresh_mariadb: str) -> None:
    import sqlalchemy as sa

    engine = sa.create_engine(fresh_mariadb)
    with engine.begin() as conn:
        conn.execute(sa.text("create table issue (name varchar(40))"))
        conn.execute(sa.text("insert into issue values ('가상반도체1')"))
        assert conn.scalar(sa.text("select name from issue")) == "가상반도체1"
    engine.dispose()


@pytest.mark.mariadb
def test_each_test_gets_an_empty_mariadb_database(fresh_mariadb: str, mariadb_url: str) -> None:
    import sqlalchemy as sa

    assert fresh_mariadb != mariadb_url
    engine = sa.create_engine(fresh_mariadb)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()


@pytest.mark.postgres
def test_postgres_answers(postgres_url: str) -> None:
    import asyncpg

    async def ask() -> Any:
        link = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
        try:
            return await link.fetchval("select 1 + 1")
        finally:
            await link.close()

    assert asyncio.run(ask()) == 2


@pytest.mark.s3
def test_s3_gives_back_what_was_put_and_refuses_a_wrong_secret(s3: S3Server, fresh_bucket: str) -> None:
    import io

    from minio import Minio
    from minio.error import S3Error

    client = Minio(s3.endpoint, access_key=s3.access_key, secret_key=s3.secret_key, secure=False)
    client.make_bucket(fresh_bucket)
    client.put_object(fresh_bucket, "k", io.BytesIO("실록".encode()), 6)
    answer = client.get_object(fresh_bucket, "k")
    try:
        assert answer.read().decode() == "실록"
    finally:
        answer.close()
        answer.release_conn()
    stranger = Minio(s3.endpoint, access_key=s3.access_key, secret_key="wrong", secure=False)
    with pytest.raises(S3Error, match="SignatureDoesNotMatch"):
        stranger.list_buckets()


@pytest.mark.browser
def test_the_browser_draws_hangul(browser: Any) -> None:
    page = browser.new_page()
    page.set_content("<h1>오늘의 시장</h1>")
    assert page.inner_text("h1") == "오늘의 시장"
    page.close()


@pytest.mark.postgres
@pytest.mark.usefixtures("postgres_url")  # it says what is missing, and fails for that on CI
def test_the_last_user_of_a_server_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    import tempfile

    root = Path(tempfile.mkdtemp(prefix="sillok-keeper-"))
    root.chmod(0o755)
    try:
        with servers.borrow("postgres", root) as first, servers.borrow("postgres", root) as second:
            assert first["port"] == second["port"]
        deadline = time.monotonic() + servers.LASTING_S
        while (root / "postgres/server").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not (root / "postgres/server").exists()
    finally:
        shutil.rmtree(root, ignore_errors=True)
