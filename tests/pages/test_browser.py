"""What a reader sees: the real page in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sillok.pages import build_index
from tests.pages.test_publish import NOW, REFUSED, put

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_held_page_is_read_in_its_own_font_without_asking_anybody(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    put(tmp_path)
    put(tmp_path, REFUSED, now=NOW)
    build_index(tmp_path)
    page = browser.new_page(viewport={"width": 400, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "index.html").as_uri())
    assert page.locator(".card .status").inner_text().startswith("보류 중")
    page.goto((tmp_path / "good" / "index.html").as_uri())
    assert page.locator(".notice strong").inner_text() == "새 판을 내지 않았습니다"
    assert page.evaluate(
        "document.fonts.ready.then(() => document.fonts.check('700 20px Pretendard', '실록'))"
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
        "the page is wider than a telephone"
    )
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(251, 250, 247)") == (scheme == "light")
    page.locator(".origin summary").click()
    assert page.locator(".origin dd").first.is_visible()
    assert all(url.startswith(("file:", "data:")) for url in asked)
    page.close()
