"""A kernel is idle when nothing in it executes, whichever of its threads said so last."""

from __future__ import annotations

import threading

import pytest
from ipykernel.ipkernel import IPythonKernel

from sillok.kernels.child import Activity, _Kernel


def test_a_widget_served_beside_a_running_cell_does_not_make_it_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IPythonKernel, "_publish_status", lambda *_: None)
    monkeypatch.setattr(_Kernel, "activity", activity := Activity())
    monkeypatch.setattr(_Kernel, "_busy", set())
    kernel = _Kernel.__new__(_Kernel)

    def serve_a_widget() -> None:
        kernel._publish_status("busy", "shell")
        kernel._publish_status("idle", "shell")

    kernel._publish_status("starting", "shell")
    assert activity.idle_s() > 0
    kernel._publish_status("busy", "shell")
    subshell = threading.Thread(target=serve_a_widget)
    subshell.start()
    subshell.join()
    kernel._publish_status("idle", "control")
    assert activity.idle_s() == 0
    kernel._publish_status("idle", "shell")
    assert activity.idle_s() > 0
