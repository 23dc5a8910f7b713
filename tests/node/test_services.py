"""What the processes of a node are started with."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from sillok.errors import ResourceError
from sillok.node.services import prefect_environment, private_tmp
from sillok.settings import Settings


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_prefect_keeps_its_files_where_no_other_user_s_are(tmp: Path, settings: Settings) -> None:
    folder = Path(prefect_environment(settings)["TMPDIR"])
    assert folder == private_tmp()
    assert folder.parent == tmp
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("taken", ["open to others", "a link", "a file"])
def test_a_temporary_folder_that_is_not_ours_alone_is_refused(tmp: Path, taken: str) -> None:
    folder = private_tmp()
    folder.rmdir()
    if taken == "open to others":
        folder.mkdir(mode=0o755)
    elif taken == "a link":
        (tmp / "elsewhere").mkdir(mode=0o700)
        folder.symlink_to(tmp / "elsewhere")
    else:
        folder.touch(mode=0o600)
    with pytest.raises(ResourceError, match="not a folder of ours alone"):
        private_tmp()
