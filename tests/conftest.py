"""Fixtures that every room's tests may ask for: real servers, a browser, real KRX history.

A program that is not installed skips the test and says how to get it; on CI (``CI=true``) it fails instead.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from hypothesis import HealthCheck, settings

from tests import servers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PROJECT = Path(__file__).resolve().parents[1]
_RUN = "SILLOK_TEST_RUN"
# A busy machine draws slowly; that says nothing about a law.
settings.register_profile("sillok", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sillok")
KRX_DATA = PROJECT / "../shared/data/krx"


def lack(what: str) -> NoReturn:
    """Pass over the test that wants ``what``, which is not installed; on CI fail it."""
    reason = f"{what} is not installed; run tests/install.sh as root"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _servers_root() -> Path:
    # Not pytest's own folder: that one is closed to the users mysql and postgres, and too long for a socket.
    return Path(tempfile.gettempdir()) / f"sillok-tests-{os.environ[_RUN]}"


def pytest_configure() -> None:
    os.environ.setdefault(_RUN, uuid.uuid4().hex[:12])  # workers of xdist inherit it


def pytest_unconfigure() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        servers.sweep(_servers_root())


@pytest.fixture(scope="session")
def servers_root() -> Path:
    """Give one folder for the servers of this run, whichever worker asks; other users can enter it."""
    root = _servers_root()
    root.mkdir(mode=0o755, exist_ok=True)
    return root


def _borrow(kind: str, root: Path) -> Iterator[dict[str, Any]]:
    if missing := servers.missing_programs(kind):
        lack(f"{kind} ({', '.join(missing)})")
    with servers.borrow(kind, root) as about:
        yield about


@pytest.fixture(scope="session")
def mariadb_server(servers_root: Path) -> Iterator[dict[str, Any]]:
    yield from _borrow("mariadb", servers_root)


@pytest.fixture(scope="session")
def mariadb_url(mariadb_server: dict[str, Any]) -> str:
    """Give the SQLAlchemy URL of a private MariaDB, of a user that may do everything; the database is shared."""
    return f"mysql+pymysql://t:t@127.0.0.1:{mariadb_server['port']}/t?charset=utf8mb4"


@pytest.fixture
def mortal_mariadb(servers_root: Path) -> Iterator[tuple[servers.Daemons, str]]:
    """Give a MariaDB of one test alone, which may kill it and start it again, and its SQLAlchemy URL."""
    if missing := servers.missing_programs("mariadb"):
        lack(f"mariadb ({', '.join(missing)})")
    folder = servers_root / f"mortal-{uuid.uuid4().hex[:8]}"
    folder.mkdir(mode=0o755)
    daemons, about = servers.start_mariadb(folder)
    yield daemons, f"mysql+pymysql://t:t@127.0.0.1:{about['port']}/t?charset=utf8mb4"
    daemons.stop()


@pytest.fixture
def fresh_mariadb(mariadb_server: dict[str, Any]) -> Iterator[str]:
    """Give the SQLAlchemy URL of a database that is empty before the test and gone after it."""
    import pymysql

    name = f"t_{uuid.uuid4().hex[:12]}"
    port = mariadb_server["port"]

    def run(statement: str) -> None:
        with (
            pymysql.connect(host="127.0.0.1", port=port, user="t", password="t", autocommit=True) as link,
            link.cursor() as cursor,
        ):
            cursor.execute(statement)

    run(f"create database {name} character set utf8mb4")
    yield f"mysql+pymysql://t:t@127.0.0.1:{port}/{name}?charset=utf8mb4"
    run(f"drop database {name}")


@pytest.fixture(scope="session")
def postgres_url(servers_root: Path) -> Iterator[str]:
    """Give the SQLAlchemy URL (asyncpg) of a private PostgreSQL, of its superuser; the database is shared."""
    for about in _borrow("postgres", servers_root):
        yield f"postgresql+asyncpg://t:t@127.0.0.1:{about['port']}/t"


@dataclass(frozen=True)
class S3Server:
    """A private S3 server over plain HTTP, and the keys of a user that may make buckets."""

    endpoint: str
    access_key: str
    secret_key: str

    def url(self, bucket: str) -> str:
        """Return the value of ``SILLOK_OBJECTS_URL`` for ``bucket``."""
        return f"s3://{self.endpoint}/{bucket}?secure=0"


@pytest.fixture(scope="session")
def s3(servers_root: Path) -> Iterator[S3Server]:
    for about in _borrow("s3", servers_root):
        yield S3Server(f"127.0.0.1:{about['port']}", about["access_key"], about["secret_key"])


@pytest.fixture
def fresh_bucket() -> str:
    """Give the name of a bucket that no other test uses; it is not made yet."""
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a headless Chromium; ``browser.new_page()`` opens a page.

    It lives for a module, not the session: Playwright's synchronous interface keeps a loop running in this
    thread, in which no asynchronous test could run. Keep browser tests and ``async def`` tests in two files.
    """
    from playwright.sync_api import sync_playwright

    program = servers.find_browser()
    if program is None:
        lack("Chromium")
    quiet = ("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync")  # fmt: skip
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=program, args=[*quiet, *as_root])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def krx_data() -> Path:
    """Give the folder of real KRX history (``daily.parquet`` and its neighbours), which lies beside the project."""
    if not (KRX_DATA / "daily.parquet").is_file():
        pytest.skip(f"no KRX history at {KRX_DATA}")
    return KRX_DATA.resolve()
