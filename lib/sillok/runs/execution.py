"""Execute a notebook through papermill, and record it whatever happens."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
import uuid
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from sillok.errors import RunError
from sillok.kernels import PromptKernelManager
from sillok.runs.parameters import read_parameters
from sillok.runs.provenance import git_commit, hash_bytes, hash_lock
from sillok.runs.record import RunRecord, record_end, record_start

if TYPE_CHECKING:
    from sillok.objects import Objects
    from sillok.store import Store

__all__ = ["execute", "kernel_environment"]

KERNEL = "sillok"
# A notebook reads snapshots, never a broker: what opens the account does not reach its kernel.
_WITHHELD = ("SILLOK_KIS_APP_KEY", "SILLOK_KIS_APP_SECRET", "SILLOK_KIS_ACCOUNT")


class _Engine(NBClientEngine):
    """papermill's engine, handing the kernel its own environment, folder and log file.

    papermill itself knows only ``os.environ`` and a ``chdir`` of the whole process, so two runs side by side
    would share them.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        kernel_env: dict[str, str],
        kernel_log: IO[bytes],
        folder: str,
        cell_timeout_s: int,
        **_: Any,
    ) -> Any:
        config = Config()
        # Over files in a folder of our own: no port to collide on, nothing for others on the node to read.
        config.KernelManager.transport = "ipc"
        config.KernelManager.connection_file = str(Path(kernel_log.name).with_name("kernel.json"))
        client = PapermillNotebookClient(
            nb_man,
            config=config,
            kernel_name=kernel_name,
            timeout=cell_timeout_s,
            startup_timeout=120,
            kernel_manager_class=PromptKernelManager,
            resources={"metadata": {"path": folder}},
        )
        return client.execute(env=kernel_env, stdout=kernel_log, stderr=kernel_log)


papermill_engines.register("sillok", _Engine)


def _is_news(record: logging.LogRecord) -> bool:
    """Return False for papermill's own guess at the parameters, which cannot read ``Literal``; ours has checked."""
    return not record.getMessage().startswith("Passed unknown parameter")


def kernel_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a run's kernel: this process's with ``extra``, without the broker's keys."""
    return {name: value for name, value in {**os.environ, **extra}.items() if name not in _WITHHELD}


def execute(
    notebook: Path,
    parameters: Mapping[str, object],
    *,
    store: Store,
    objects: Objects,
    snapshot_id: str,
    as_of: datetime,
    project: Path,
    environment: Mapping[str, str],
    now: Callable[[], datetime],
    progress: Callable[[str], None] | None = None,
    cell_timeout_s: int = 900,
) -> RunRecord:
    """Run ``notebook`` on one snapshot as of one instant, and record it.

    The row is written before the kernel starts, and completed also when the notebook fails: the executed copy
    to the failing cell goes into the object store, the log and the error into the row.

    Raises
    ------
    ParameterError
        A parameter is unknown, of the wrong type or out of range; nothing is run or recorded.
    RunError
        The notebook failed, after it was recorded; ``detail["run"]`` is the record.
    """
    typed = read_parameters(notebook).validate(parameters)
    source = notebook.read_bytes()
    document = nbformat.reads(source.decode("utf-8"), as_version=4)
    run = RunRecord(
        id=uuid.uuid4().hex,
        notebook=_relative(notebook, project),
        title=str(document.metadata.get("sillok", {}).get("title", notebook.stem)),
        status="running",
        parameters=typed,
        source_hash=hash_bytes(source),
        commit=git_commit(project),
        lock_hash=hash_lock(project),
        snapshot_id=snapshot_id,
        as_of=as_of,
        started_at=now(),
    )
    record_start(store, run)
    say = progress or (lambda _: None)
    say(f"{run.title}: {run.id[:12]}")
    env = kernel_environment(
        {**environment, "SILLOK_SNAPSHOT": snapshot_id, "SILLOK_AS_OF": as_of.isoformat()}
    )
    with tempfile.TemporaryDirectory(prefix="sillok-run-") as scratch:
        output, log = Path(scratch) / "executed.ipynb", Path(scratch) / "kernel.log"
        error = "stopped from outside before it was done"
        try:
            # Its own context, hence its own event loop: threads that share one cannot run side by side.
            error = Context().run(
                _run,
                document,
                typed,
                output=output,
                log=log,
                env=env,
                project=project,
                cell_timeout_s=cell_timeout_s,
            )
        finally:
            run = _finish(store, objects, replace(run, error=error or None, finished_at=now()), output, log)
    if run.status == "failed":
        raise RunError(f"{run.notebook} failed: {error} (run {run.id[:12]}, executed copy kept)", run=run)
    return run


def _run(
    document: nbformat.NotebookNode,
    typed: dict[str, Any],
    *,
    output: Path,
    log: Path,
    env: dict[str, str],
    project: Path,
    cell_timeout_s: int,
) -> str:
    """Run the notebook; return what went wrong, in a line, or nothing."""
    logging.getLogger("papermill").addFilter(_is_news)
    with log.open("wb") as kernel_log:
        try:
            papermill.execute_notebook(
                document,
                str(output),
                parameters=typed,
                engine_name="sillok",
                kernel_name=KERNEL,
                language="python",
                progress_bar=False,
                kernel_env=env,
                kernel_log=kernel_log,
                folder=str(project),
                cell_timeout_s=cell_timeout_s,
            )
        except PapermillExecutionError as err:
            return f"{err.ename}: {err.evalue} in cell {err.exec_count}"
        except CellTimeoutError:
            return f"a cell took longer than {cell_timeout_s} s"
        except DeadKernelError as err:
            return f"the kernel died: {err}"
        except RuntimeError as err:  # nbclient: the kernel ended before it was ready
            return f"the kernel did not start: {err}"
        finally:
            ensure_event_loop().close()
            asyncio.set_event_loop(None)
    return ""


def _finish(store: Store, objects: Objects, run: RunRecord, output: Path, log: Path) -> RunRecord:
    key, text = None, log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    if output.exists():
        executed = nbformat.read(output, as_version=4)
        executed.metadata.papermill.update(input_path=run.notebook, output_path="")
        executed.metadata.setdefault("sillok", {})["run_id"] = run.id
        key = objects.put(nbformat.writes(executed).encode("utf-8"))
        text = _cell_log(executed) + text
    done = replace(
        run,
        status="failed" if run.error else "done",
        executed_key=key,
        log=text,
    )
    record_end(store, done)
    return done


def _cell_log(executed: nbformat.NotebookNode) -> str:
    """Return one line for each code cell with its time, and what it wrote to the streams."""
    lines = []
    for number, cell in enumerate(c for c in executed.cells if c.cell_type == "code"):
        timing = cell.metadata.get("papermill", {})
        if timing.get("start_time") is None:
            continue
        lines.append(
            f"{timing['start_time']} cell {number} {timing['status']} {timing['duration'] or 0:.2f} s"
        )
        for out in cell.outputs:
            if out.output_type == "stream":
                lines.append(out.text.rstrip())
            elif out.output_type == "error":
                lines.append("\n".join(out.traceback))
    return "\n".join(lines) + "\n"


def _relative(notebook: Path, project: Path) -> str:
    path, root = notebook.resolve(), project.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
