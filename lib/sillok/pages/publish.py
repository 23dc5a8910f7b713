"""Publish a run's page, or keep the last good one up with its age and the reason."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from sillok.clock import KST, last_closed_session, sessions
from sillok.pages.render import first_figure, render_body, shell
from sillok.pages.site import PageState, install_assets, read_states, write_file
from sillok.pages.words import WORDS, say_instant

if TYPE_CHECKING:
    import nbformat

    from sillok.runs import Decision, NotebookInfo, RunRecord

__all__ = ["Published", "hold", "publish"]

_NOTICE = re.compile(r"<!--notice-->.*?<!--/notice-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Published:
    """What is up after a decision: ``published`` tells whether it is this run."""

    slug: str
    published: bool
    reason: str
    path: Path
    run_id: str  # of the edition that is up; empty: none


def publish(
    run: RunRecord,
    executed: nbformat.NotebookNode | None,
    decision: Decision,
    *,
    info: NotebookInfo,
    site: Path,
    now: datetime,
    source: str,
    live_url: str = "",
    lang: str = "ko",
) -> Published:
    """Put ``run`` up at ``site/<slug>/``, or mark the page that is there as held.

    Each file is written whole or not at all, the page before its state, so that a failure on the way leaves
    the last good page.

    Parameters
    ----------
    executed
        The executed notebook; needed only where ``decision`` publishes.
    source
        kis, synthetic or replay; anything but kis is said on the page.
    live_url
        Where the notebook can be moved; empty: no link.

    Raises
    ------
    ResourceError
        If a file cannot be written.
    """
    install_assets(site)
    target = site / info.slug / "index.html"
    if decision.published and executed is not None:
        state = _put_up(run, executed, info, site, now=now, source=source, live_url=live_url, lang=lang)
    else:
        return hold(
            info, decision.reason, site=site, now=now, lang=lang, notebook=run.notebook, run_id=run.id
        )
    state.write(site)
    return Published(info.slug, not state.held_reason, decision.reason, target, state.run_id)


def _put_up(
    run: RunRecord,
    executed: nbformat.NotebookNode,
    info: NotebookInfo,
    site: Path,
    *,
    now: datetime,
    source: str,
    live_url: str,
    lang: str,
) -> PageState:
    words, body, figure = WORDS[lang], render_body(executed, lang), first_figure(executed)
    page = shell().get_template("page.html.j2").render(
        lang=lang,
        root="../",
        words=words,
        title=info.title_in(lang),
        kind=info.kind,
        question=body.question,
        as_of=say_instant(run.as_of, lang),
        as_of_iso=run.as_of.isoformat(),
        source_label=words[f"{source}_long"],
        live_url=live_url,
        notice="",
        facts=_facts(run, words, lang),
        facts_short=f"{words['run']} {run.id[:12]} · {words['snapshot']} {run.snapshot_id[:12]}",
        frozen=info.kind == "dashboard",
        body=Markup(body.html),  # noqa: S704 - a researcher's own notebook; the room's policy allows no script
    )  # fmt: skip
    if figure:
        write_file(site / info.slug / figure[0], figure[1])
    write_file(site / info.slug / "index.html", page.encode("utf-8"))
    return PageState(
        slug=info.slug,
        kind=info.kind,
        title=info.title_in(lang),
        question=body.question,
        notebook=run.notebook,
        run_id=run.id,
        snapshot_id=run.snapshot_id,
        as_of=run.as_of.isoformat(),
        source=source,
        published_at=now.isoformat(),
        figure=figure[0] if figure else "",
    )


def hold(
    info: NotebookInfo, reason: str, *, site: Path, now: datetime, lang: str, notebook: str, run_id: str = ""
) -> Published:
    """Keep what is up at ``site/<slug>/``, marked with its age and ``reason``; an empty page where nothing is.

    Parameters
    ----------
    run_id
        The run that was refused; empty where the night ended before there was one.

    Raises
    ------
    ResourceError
        If a file cannot be written.
    """
    install_assets(site)
    words, target = WORDS[lang], site / info.slug / "index.html"
    blank = PageState(info.slug, info.kind, info.title_in(lang), "", notebook, *[""] * 6)
    state = read_states(site).get(info.slug) or blank
    text = words["never_body"]
    if state.is_published:
        as_of = datetime.fromisoformat(state.as_of)
        text = words["held_body"].format(as_of=say_instant(as_of, lang), age=_age(as_of, now, words)).strip()
    template = shell().get_template("notice.html.j2")
    notice = template.render(
        words=words,
        headline=words["held"] if state.is_published else words["never"],
        text=text,
        reason=reason,
        decided=say_instant(now, lang),
    )
    if state.is_published:
        marked = f"<!--notice-->{notice}<!--/notice-->"
        page = _NOTICE.sub(lambda _: marked, target.read_text(encoding="utf-8"), count=1)
    else:
        page = _empty_page(info, notice, lang)
    write_file(target, page.encode("utf-8"))
    replace(state, held_reason=reason, held_run_id=run_id, held_at=now.isoformat()).write(site)
    return Published(info.slug, False, reason, target, state.run_id)


def _empty_page(info: NotebookInfo, notice: str, lang: str) -> str:
    blank: dict[str, Any] = dict.fromkeys(
        ["question", "as_of", "as_of_iso", "source_label", "live_url", "facts_short", "body"], ""
    )
    return (
        shell()
        .get_template("page.html.j2")
        .render(
            lang=lang,
            root="../",
            words=WORDS[lang],
            title=info.title_in(lang),
            kind=info.kind,
            notice=Markup(notice),  # noqa: S704 - rendered above, escaped
            facts=[],
            frozen=False,
            **blank,
        )
    )


def _age(as_of: datetime, now: datetime, words: dict[str, str]) -> str:
    shown = as_of.astimezone(KST).date() + timedelta(days=1)
    newest = last_closed_session(now) + timedelta(days=1)
    missed = len(sessions(shown, newest)) if newest > shown else 0
    return words["age"].format(n=missed) if missed else ""


def _facts(run: RunRecord, words: dict[str, str], lang: str) -> list[tuple[str, str]]:
    chosen = ", ".join(f"{name} = {value!r}" for name, value in asdict(run)["parameters"].items())
    rows = [
        (words["as_of"], say_instant(run.as_of, lang)),
        (words["executed"], say_instant(run.started_at, lang)),
        (words["run"], run.id),
        (words["snapshot"], run.snapshot_id),
        (words["parameters"], chosen),
        (words["notebook"], run.notebook),
        (words["source_hash"], run.source_hash),
        (words["commit"], run.commit),
        (words["lock"], run.lock_hash),
    ]
    return [(name, value) for name, value in rows if value]
