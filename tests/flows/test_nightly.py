"""The flow by itself: what it makes of its surroundings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.nightly import _leave_path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, None),
        ("/project", None),
        ("/project:", None),
        ("/project:/tools/lib", "/tools/lib"),
        ("/tools/lib:/project/lib", "/tools/lib:/project/lib"),
    ],
)
def test_a_notebook_does_not_find_the_project_on_its_path(
    monkeypatch: pytest.MonkeyPatch, before: str | None, after: str | None
) -> None:
    if before is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", before)
    _leave_path(Path("/project"))
    assert os.environ.get("PYTHONPATH") == after
