"""The index: one card for each page, with its state."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from sillok.clock import KST
from sillok.pages.render import shell
from sillok.pages.site import PageState, install_assets, read_states, write_file
from sillok.pages.words import WORDS, say_date

__all__ = ["build_index"]


def build_index(site: Path, *, lang: str = "ko") -> Path:
    """Write ``site/index.html`` from the states of the pages, and return it; an empty site says so."""
    words = WORDS[lang]
    install_assets(site)
    states = list(read_states(site).values())
    published = [state for state in states if state.is_published]
    newest = max(published, key=lambda state: state.as_of, default=None)
    groups = [
        (words[f"{kind}s"], [_card(s, words) for s in states if s.kind == kind])
        for kind in ("report", "dashboard")
    ]
    latest = say_date(datetime.fromisoformat(newest.as_of).astimezone(KST).date(), lang) if newest else ""
    page = shell().get_template("index.html.j2").render(
        lang=lang,
        root="./",
        words=words,
        latest=latest,
        source_label=words[f"{newest.source}_long"] if newest else "",
        groups=[group for group in groups if group[1]],
    )  # fmt: skip
    write_file(site / "index.html", page.encode("utf-8"))
    return site / "index.html"


def _card(state: PageState, words: dict[str, str]) -> dict[str, Any]:
    name = "never" if not state.is_published else "held" if state.held_reason else "published"
    label = {"never": "never_short", "held": "held_short", "published": "published"}[name]
    shown = state.published_at or state.held_at
    return {
        "slug": state.slug,
        "title": state.title,
        "question": state.question,
        "figure": state.figure,
        "state": name,
        "status": words[label],
        "when": f"{datetime.fromisoformat(shown).astimezone(KST):%Y-%m-%d %H:%M}" if shown else "",
        "reason": state.held_reason,
    }
