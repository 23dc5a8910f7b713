"""The small scripts beside the Dockerfile: secrets are made once, keys are asked for, health is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
JUPYTER = ROOT / "jupyter"


def _run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "jupyter").mkdir()
    shutil.copy(JUPYTER / "make-env.sh", tmp_path / "jupyter")
    shutil.copy(ROOT / ".env.example", tmp_path)
    return tmp_path


def _settings(checkout: Path) -> dict[str, str]:
    lines = (checkout / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_secrets_are_made_once_and_for_the_owner_alone(checkout: Path) -> None:
    first = _run("bash", checkout / "jupyter/make-env.sh")
    assert first.returncode == 0, first.stderr
    made = _settings(checkout)
    assert len(made["SILLOK_MYSQL_PASSWORD"]) == 48
    assert made["SILLOK_MYSQL_PASSWORD"] != made["SILLOK_POSTGRES_PASSWORD"]
    assert made["SILLOK_MYSQL_PASSWORD"] not in first.stdout
    assert (checkout / ".env").stat().st_mode & 0o077 == 0
    assert _run("bash", checkout / "jupyter/make-env.sh").stdout == ""
    assert _settings(checkout) == made


def test_a_secret_that_is_set_stays(checkout: Path) -> None:
    (checkout / ".env").write_text("SILLOK_LAB_TOKEN=mine\nSILLOK_LANG=ko")
    _run("bash", checkout / "jupyter/make-env.sh")
    made = _settings(checkout)
    assert made["SILLOK_LAB_TOKEN"] == "mine"
    assert made["SILLOK_LANG"] == "ko"


KEYS = {
    "SILLOK_KIS_URL": "https://kis.example:9443",
    "SILLOK_KIS_APP_KEY": "k",
    "SILLOK_KIS_APP_SECRET": "hush",
    "SILLOK_KIS_ACCOUNT": "12345678-01",
}


def test_production_starts_with_keys() -> None:
    assert _run(sys.executable, JUPYTER / "require_keys.py", **KEYS).returncode == 0


def test_development_needs_no_keys() -> None:
    assert _run(sys.executable, JUPYTER / "require_keys.py", COMPOSE_PROFILES="dev").returncode == 0
    assert _run(sys.executable, JUPYTER / "require_keys.py", COMPOSE_PROFILES="prod").returncode != 0


@pytest.mark.parametrize("missing", sorted(KEYS))
def test_production_refuses_to_start_without_a_key_and_names_it(missing: str) -> None:
    done = _run(sys.executable, JUPYTER / "require_keys.py", **{**KEYS, missing: ""})
    assert done.returncode != 0
    assert missing in done.stderr
    assert "hush" not in done.stderr


def test_production_sends_keys_over_tls_alone() -> None:
    done = _run(
        sys.executable, JUPYTER / "require_keys.py", **{**KEYS, "SILLOK_KIS_URL": "http://sandbox:8810"}
    )
    assert done.returncode != 0
    assert "https://" in done.stderr


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/well" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_health_is_what_the_service_answers() -> None:
    with HTTPServer(("127.0.0.1", 0), _Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        assert _run(sys.executable, JUPYTER / "healthy.py", f"{base}/well").returncode == 0
        ill = _run(sys.executable, JUPYTER / "healthy.py", f"{base}/ill")
        server.shutdown()
    assert ill.returncode == 1
    assert "503" in ill.stderr
    assert _run(sys.executable, JUPYTER / "healthy.py", f"{base}/well").returncode == 1
