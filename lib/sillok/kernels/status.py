"""What the parents of this user's kernels are doing, for people and for Prometheus."""

from __future__ import annotations

from typing import Any

from sillok.kernels import wire
from sillok.kernels.fallbacks import fallbacks
from sillok.kernels.places import Places

__all__ = ["metrics", "read_status"]

_ANSWER_S = 5.0

_HELP = {
    "kernel_parent_memory_bytes": ("gauge", "Proportional memory of a parent."),
    "kernels": ("gauge", "Forked kernels by state: kernel, spare, starting, ending."),
    "kernel_memory_bytes": ("gauge", "Proportional memory of all kernels of a state."),
    "kernel_private_bytes": ("gauge", "Memory of all kernels of a state that nothing shares."),
    "kernel_starts_total": ("counter", "Kernels started, by how: fork or spare."),
    "kernel_refused_total": ("counter", "Requests that a parent did not serve."),
    "kernel_ended_total": ("counter", "Kernels ended by their parent, by why: idle or age."),
    "kernel_fallbacks": ("gauge", "Kernels lately started as ever instead, by reason."),
}


def read_status(places: Places | None = None) -> dict[str, Any]:
    """Return ``parents``, each as it tells of itself, and ``fallbacks``: how often which reason lately.

    A parent that does not answer within five seconds is told with ``error``.
    """
    places = places or Places()
    parents = []
    for path in places.parents():
        try:
            with wire.connect(str(path), timeout_s=_ANSWER_S) as sock:
                wire.send(sock, {"op": "status"})
                answer, _ = wire.receive(sock)
        except OSError as err:
            parents.append({"key": path.stem, "error": f"{type(err).__name__}: {err}"})
            continue
        parents.append(answer or {"key": path.stem, "error": "it hung up"})
    return {"parents": parents, "fallbacks": dict(fallbacks(places))}


def metrics(status: dict[str, Any]) -> str:
    """Return ``status`` in Prometheus' text format."""
    samples: dict[str, list[str]] = {name: [] for name in _HELP}

    def add(name: str, value: float, **labels: str) -> None:
        told = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        samples[name].append(f"sillok_{name}{{{told}}} {value:g}")

    for parent in (p for p in status["parents"] if "error" not in p):
        key = parent["key"]
        add("kernel_parent_memory_bytes", parent["memory"]["pss_mb"] * 2**20, parent=key)
        for state in ("kernel", "spare", "starting", "ending"):
            here = [k["memory"] for k in parent["kernels"] if k["state"] == state]
            add("kernels", len(here), parent=key, state=state)
            add("kernel_memory_bytes", sum(m["pss_mb"] for m in here) * 2**20, parent=key, state=state)
            add("kernel_private_bytes", sum(m["private_mb"] for m in here) * 2**20, parent=key, state=state)
        counts = parent["counts"]
        add("kernel_starts_total", counts["forks"], parent=key, how="fork")
        add("kernel_starts_total", counts["spares_used"], parent=key, how="spare")
        add("kernel_refused_total", counts["refused"], parent=key)
        add("kernel_ended_total", counts["ended_idle"], parent=key, why="idle")
        add("kernel_ended_total", counts["ended_age"], parent=key, why="age")
    for reason, times in status["fallbacks"].items():
        add("kernel_fallbacks", times, reason=reason)
    lines = []
    for name, (kind, said) in _HELP.items():
        if samples[name]:
            lines += [f"# HELP sillok_{name} {said}", f"# TYPE sillok_{name} {kind}", *samples[name]]
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
