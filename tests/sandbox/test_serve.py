from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from datetime import date, datetime

import pytest

from sillok.clock import KST
from sillok.errors import ResourceError
from sillok.sandbox import serve
from sillok.sandbox.serve import RollingMarket
from sillok.sandbox.world.synthetic import make_market

COMMAND = [sys.executable, "-m", "sillok.sandbox", "--today", "2023-12-28", "--port"]


def test_the_command_says_one_line_when_ready_and_ends_when_told() -> None:
    with subprocess.Popen([*COMMAND, "0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found is not None, line
        assert "합성 데이터" in line
        with urllib.request.urlopen(f"{found.group()}/sandbox/about", timeout=10) as response:
            assert json.load(response)["today"] == "2023-12-28"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ResourceError, match=f"cannot listen on 127.0.0.1:{port}"):
            serve(port=port, today=date(2023, 12, 28), say=lambda _: None)
        done = subprocess.run([*COMMAND, str(port)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == ResourceError.exit_code
    assert done.stderr.startswith("error: the sandbox cannot listen")
    assert len(done.stderr.splitlines()) == 1


def test_a_market_that_follows_the_clock_gains_a_session_when_one_closes() -> None:
    moments = [datetime(2023, 12, 27, 12, tzinfo=KST)]
    ticks = [0.0]
    rolling = RollingMarket(
        lambda day: make_market(today=day), now=lambda: moments[-1], monotonic=lambda: ticks[-1]
    )
    first = rolling()
    assert first.today == date(2023, 12, 26)
    moments.append(datetime(2023, 12, 27, 16, tzinfo=KST))
    assert rolling() is first
    ticks.append(31.0)
    assert rolling().today == date(2023, 12, 27)
    ticks.append(62.0)
    assert rolling() is rolling()
