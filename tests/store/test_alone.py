"""Of two that want to be alone on a store one is refused, and nothing stays locked after a killed one."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from sillok.errors import ResourceError
from sillok.store import Store, open_store

HOLD = """
import sys, time
from sillok.store import open_store
with open_store(sys.argv[1]).alone("load"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_one_is_refused_and_gets_its_turn_afterwards(store: Store, url: str) -> None:
    other = open_store(url)
    with (
        store.alone("load") as hold,
        pytest.raises(ResourceError, match=r"another load already runs.*wait"),
        other.alone("load"),
    ):
        hold.keep()
    with other.alone("load") as hold:
        hold.keep()
    other.engine.dispose()


def test_two_that_do_different_things_do_not_wait_for_each_other(store: Store) -> None:
    with store.alone("load"), store.alone("recorder") as hold:
        hold.keep()


def test_the_lock_of_a_killed_process_is_free(store: Store, url: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            assert process.stdout.readline() == "held\n"
            with pytest.raises(ResourceError, match=r"process \d+|connection \d+"), store.alone("load"):
                pass
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(20)
    take_soon(store)


def take_soon(store: Store) -> None:
    """Take the lock; a server may need a moment to see that a killed client is gone."""
    for _ in range(100):
        try:
            with store.alone("load"):
                return
        except ResourceError:
            signal.sigtimedwait([], 0.05)
    raise AssertionError("the lock of a killed process stays held")


@pytest.mark.mariadb
def test_a_lock_whose_connection_the_server_ended_is_said_to_be_lost(fresh_mariadb: str) -> None:
    store = open_store(fresh_mariadb)
    with store.alone("load") as hold:
        assert hold.conn is not None
        number = hold.conn.exec_driver_sql("SELECT CONNECTION_ID()").scalar()
        with store.begin() as conn:
            conn.exec_driver_sql(f"KILL {number}")
        with pytest.raises(ResourceError):
            hold.keep()
    with store.alone("load") as hold:
        hold.keep()
    store.engine.dispose()
