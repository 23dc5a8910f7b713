"""A parent tells what it looks after, to people and to Prometheus."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from sillok.kernels import Places
from sillok.kernels.fallbacks import note_fallback
from sillok.kernels.status import metrics, read_status
from tests.kernels.forks import Forks, wait_until


async def test_kernels_and_spares_are_told_with_their_memory(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    async with forks.kernel() as kernel:
        wait_until(forks.spare_is_ready)
        found = read_status(forks.places)
        (parent,) = found["parents"]
        states = {k["pid"]: k["state"] for k in parent["kernels"]}
        assert states.pop(kernel.manager.provisioner.pid) == "kernel"
        assert list(states.values()) == ["spare"]
        assert all(0 < k["memory"]["private_mb"] <= k["memory"]["pss_mb"] for k in parent["kernels"])


async def test_the_metrics_are_prometheus_text(forks: Forks) -> None:
    wait_until(forks.spare_is_ready)
    note_fallback(forks.places, 'a "quoted"\nreason')
    async with forks.kernel():
        families = {f.name: f for f in text_string_to_metric_families(metrics(read_status(forks.places)))}
    count = {s.labels["state"]: s.value for s in families["sillok_kernels"].samples}
    assert count["kernel"] == 1
    assert families["sillok_kernel_parent_memory_bytes"].samples[0].value > 10 * 2**20
    assert {s.labels["how"] for s in families["sillok_kernel_starts"].samples} == {"fork", "spare"}
    assert 'a "quoted"\nreason' in {s.labels["reason"] for s in families["sillok_kernel_fallbacks"].samples}


def test_a_parent_that_has_gone_is_said_to_be(forks: Forks) -> None:
    gone = forks.places.folder / "gone.sock"
    gone.touch()
    told = {p["key"]: p for p in read_status(forks.places)["parents"]}
    gone.unlink()
    assert "error" in told["gone"]
    assert "error" not in told[forks.key]


def test_nothing_running_is_nothing(tmp_path: Path) -> None:
    assert read_status(Places(tmp_path / "none")) == {"parents": [], "fallbacks": {}}
