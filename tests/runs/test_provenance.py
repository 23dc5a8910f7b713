"""A run says which commit it came from, in a checkout and in an image without one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from sillok.runs.provenance import git_commit


def test_outside_a_checkout_the_commit_is_the_one_that_the_image_carries(tmp_path: Path) -> None:
    assert git_commit(tmp_path) == ""
    (tmp_path / "COMMIT").write_text("0123abc\n")
    assert git_commit(tmp_path) == "0123abc"


def test_in_a_checkout_the_commit_is_gits_own(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(tmp_path), *identity, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    git("init", "-q")
    (tmp_path / "COMMIT").write_text("of an image\n")
    git("add", "COMMIT")
    git("commit", "-q", "--no-verify", "-m", "Begin")
    assert git_commit(tmp_path) == git("rev-parse", "HEAD")
    (tmp_path / "COMMIT").write_text("changed\n")
    assert git_commit(tmp_path).endswith("+dirty")
