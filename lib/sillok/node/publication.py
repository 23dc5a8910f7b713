"""Publication: let the gate decide on a run, and put its page up or keep the last good one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from sillok.errors import ConfigError, DataError, ResourceError, SillokError, VendorError
from sillok.node.wiring import (
    find_snapshot,
    language,
    open_objects_of,
    open_store_of,
    public_url,
    site_of,
    voila_url,
)

if TYPE_CHECKING:
    from sillok.runs import NotebookInfo, RunRecord
    from sillok.settings import Settings

__all__ = ["hold", "publish"]


_HELD: dict[type[SillokError], dict[str, str]] = {  # the first that fits
    VendorError: {"ko": "오늘 밤 시세를 받지 못했습니다", "en": "tonight's market could not be fetched"},
    DataError: {"ko": "오늘 밤 자료에 문제가 있습니다", "en": "something is wrong with tonight's data"},
    ConfigError: {"ko": "설정에 문제가 있습니다", "en": "something is wrong with the settings"},
    ResourceError: {"ko": "시스템에 문제가 있습니다", "en": "something is wrong with the system"},
    SillokError: {"ko": "오늘 밤 작업이 실패했습니다", "en": "tonight's work failed"},
}


def publish(settings: Settings, run_id: str) -> dict[str, Any]:
    """Let the gate decide on a run, record that, put its page up or mark the last good one, renew the index.

    Raises
    ------
    ConfigError
        If the run's notebook is not meant to be published.
    """
    import nbformat

    from sillok import pages
    from sillok.runs import gate, get_run, read_info
    from sillok.runs.gate import record_decision

    store, objects, now = open_store_of(settings), open_objects_of(settings), settings.current_time()
    run = get_run(store, run_id)
    info = read_info(settings.project / run.notebook)
    if info is None:
        raise ConfigError(
            f"{run.notebook} has no metadata.sillok.kind of report or dashboard; it has no page"
        )
    decision = gate(store, run, now=now, lang=language(settings))
    executed = nbformat.reads(objects.get(run.executed_key).decode(), 4) if run.executed_key else None
    done = pages.publish(
        run,
        executed,
        decision,
        info=info,
        site=site_of(settings),
        now=now,
        source=find_snapshot(store, run.snapshot_id)["source"],
        live_url=f"{voila_url(settings)}/voila/render/{info.slug}.ipynb",
        lang=language(settings),
    )
    record_decision(store, slug=info.slug, run_id=run.id, decision=decision, now=now)
    if done.published:
        _copy_live(settings, info, run)
    pages.build_index(site_of(settings), lang=language(settings))
    return {
        "slug": done.slug,
        "published": done.published,
        "reason": done.reason,
        "page": str(done.path),
        "url": f"{public_url(settings)}/{done.slug}/",
        "run_id": run.id,
    }


def hold(settings: Settings, err: SillokError) -> None:
    """Mark every page as held: the night ended with ``err`` before there was a run to decide on.

    A reader is told the kind of failure; its text, which may name hosts and paths, is the operator's.
    """
    from sillok import pages
    from sillok.runs import find_notebooks

    now, lang = settings.current_time(), language(settings)
    reason = next(words[lang] for kind, words in _HELD.items() if isinstance(err, kind))
    for info in find_notebooks(settings.project):
        notebook = info.path.relative_to(settings.project).as_posix()
        pages.hold(info, reason, site=site_of(settings), now=now, lang=lang, notebook=notebook)
    pages.build_index(site_of(settings), lang=lang)


def _copy_live(settings: Settings, info: NotebookInfo, run: RunRecord) -> None:
    """Hand Voila the published notebook's source, whole or not at all."""
    folder = settings.home_path / "live"
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{info.slug}.{run.id}"
    shutil.copyfile(info.path, draft)
    draft.replace(folder / f"{info.slug}.ipynb")
