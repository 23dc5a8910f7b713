"""The command as a person and a machine meet it: words, exit codes, JSON, and nothing heavy before it is used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sillok.errors import SillokError

PROJECT = Path(__file__).resolve().parents[2]
COMMANDS = ["up", "sandbox", "plan", "ingest", "checks", "freeze", "run", "nightly", "runs", "publish"]


def _subclasses(kind: type[SillokError]) -> set[type[SillokError]]:
    return {kind}.union(*(_subclasses(child) for child in kind.__subclasses__()))


def sillok(*words: str, home: Path, lang: str = "en", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as installed, with a home of its own and the day fixed."""
    outer = {k: v for k, v in os.environ.items() if not k.startswith("SILLOK_")}
    return subprocess.run(  # the exit code is what the caller looks at
        [str(Path(sys.executable).with_name("sillok")), *words],
        cwd=PROJECT,
        env=outer
        | {
            "SILLOK_HOME": str(home),
            "SILLOK_LANG": lang,
            "SILLOK_NOW": "2026-06-30T18:30:00+09:00",
            "COLUMNS": "100",
        }
        | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def last_object(stdout: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads(stdout.strip().splitlines()[-1])
    return answer


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_command_teaches_itself_in_both_languages(command: str, lang: str, tmp_path: Path) -> None:
    done = sillok(command, "--help", home=tmp_path, lang=lang)
    assert done.returncode == 0
    hangul = any("가" <= letter <= "힣" for letter in done.stdout)
    assert hangul == (lang == "ko")


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nsys.argv = ['sillok', '--help']\nfrom sillok.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\nprint(' '.join(m.split('.')[0] for m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {
        "numpy",
        "pandas",
        "pyarrow",
        "sqlalchemy",
        "prefect",
        "cvxpy",
        "papermill",
        "pydantic",
        "aiohttp",
        "matplotlib",
    }
    assert not loaded & heavy


def test_every_kind_of_error_has_an_exit_code_of_its_branch() -> None:
    codes = {kind.__name__: kind.exit_code for kind in SillokError.__subclasses__()}
    assert len(set(codes.values())) == len(codes)
    assert all(0 < kind.exit_code < 128 for kind in _subclasses(SillokError))


def test_an_unknown_option_ends_with_two_and_says_which(tmp_path: Path) -> None:
    done = sillok("ingest", "--colour", home=tmp_path)
    assert done.returncode == 2
    assert "--colour" in done.stderr


def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path) -> None:
    done = sillok("ingest", home=tmp_path, SILLOK_KIS_RATE="fast")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "SILLOK_KIS_RATE" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_machine_reads_the_error_as_json_on_the_last_line(tmp_path: Path) -> None:
    done = sillok("freeze", "--json", home=tmp_path)
    answer = last_object(done.stdout)
    assert done.returncode == answer["exit_code"] == 3
    assert "ingest" in str(answer["error"])


def test_the_heading_of_an_error_follows_the_language(tmp_path: Path) -> None:
    assert "설정 또는 인자 오류" in sillok("ingest", home=tmp_path, lang="ko", SILLOK_KIS_RATE="-1").stderr
