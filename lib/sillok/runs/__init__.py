"""Runs: typed parameters, execute a notebook, the record of it, and the gate before publication."""

from typing import TYPE_CHECKING, Any

from sillok.runs.gate import Decision, gate
from sillok.runs.notebooks import NotebookInfo, find_notebooks, read_info
from sillok.runs.parameters import Parameter, ParameterSchema, read_parameters
from sillok.runs.record import RunRecord, close_abandoned, get_run, list_runs

__all__ = [
    "Decision",
    "NotebookInfo",
    "Parameter",
    "ParameterSchema",
    "RunRecord",
    "close_abandoned",
    "execute",
    "find_notebooks",
    "gate",
    "get_run",
    "list_runs",
    "read_info",
    "read_parameters",
]


if TYPE_CHECKING:
    from sillok.runs.execution import execute


def __getattr__(name: str) -> Any:
    # papermill costs seconds to import; whoever lists runs should not pay for it.
    if name == "execute":
        from sillok.runs.execution import execute

        return execute
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
