"""Standalone Voila over the published notebooks. ``python -m sillok.node.voila`` runs it in the foreground."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path

from sillok.errors import SillokError
from sillok.node.environment import child_environment
from sillok.node.kernelspec import KERNEL_NAME, install_kernelspec
from sillok.runs import find_notebooks
from sillok.settings import Settings, load_settings

__all__ = ["main", "voila_environment", "voila_words"]

_IDLE_S = 900  # a kernel that nobody moved for so long is ended


def voila_words(settings: Settings, *, host: str = "", port: int = 0) -> list[str]:
    """Return the command that serves ``home/live`` on the project's kernel alone.

    Standalone, Voila lets only widget messages through; as an extension of a Jupyter server it would execute
    what a viewer's browser sends.
    """
    options = {
        "Voila.ip": host or settings.host,
        "Voila.port": port or settings.port_voila,
        "Voila.port_retries": 0,
        "Voila.open_browser": False,
        "VoilaConfiguration.template": "sillok",
        "VoilaConfiguration.classic_tree": True,
        "VoilaConfiguration.allow_template_override": "NO",
        "VoilaConfiguration.allow_theme_override": "NO",
        "VoilaConfiguration.strip_sources": True,
        "VoilaConfiguration.show_tracebacks": False,
        "VoilaConfiguration.file_allowlist": "[]",
        "KernelSpecManager.allowed_kernelspecs": json.dumps([KERNEL_NAME]),
        "KernelSpecManager.ensure_native_kernel": False,
        "KernelManager.client_factory": "sillok.kernels.PromptKernelClient",
        "MappingKernelManager.default_kernel_name": KERNEL_NAME,
        "MappingKernelManager.cull_idle_timeout": _IDLE_S,
        "MappingKernelManager.cull_interval": 60,
        "MappingKernelManager.cull_connected": True,
    }
    live = settings.home_path / "live"
    live.mkdir(parents=True, exist_ok=True)
    return [
        sys.executable,
        "-m",
        "voila",
        str(live),
        *(f"--{name}={value}" for name, value in options.items()),
    ]


def voila_environment(settings: Settings) -> dict[str, str]:
    """Return Voila's environment: without the broker's keys, with our template, state inside home."""
    share = settings.home_path / "voila"
    titles = {f"{info.slug}.ipynb": info.title for info in find_notebooks(settings.project)}
    _lay_template(share / "voila" / "templates" / "sillok", titles)
    install_kernelspec()
    return {
        **child_environment(settings),
        "JUPYTER_PATH": str(share),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_RUNTIME_DIR": str(settings.home_path / "runtime"),
        "JUPYTER_CONFIG_DIR": str(settings.home_path / "jupyter"),
    }


def _lay_template(folder: Path, titles: Mapping[str, str]) -> None:
    """Copy the template, with the fonts that its pages ask for, to where Voila looks for it.

    ``titles`` names the files that its list shows.
    """
    static = folder / "static"
    static.mkdir(parents=True, exist_ok=True)
    with as_file(files("sillok.node") / "voila_template") as own:
        for file in own.iterdir():
            shutil.copyfile(file, (static if file.suffix == ".css" else folder) / file.name)
    tree = folder / "tree.html"
    tree.write_text(tree.read_text("utf-8").replace("titles = {}", f"titles = {json.dumps(titles)}"), "utf-8")
    with as_file(files("sillok.charts") / "fonts") as fonts:
        for file in fonts.glob("*.otf"):
            shutil.copyfile(file, static / file.name)
    with as_file(files("sillok.pages") / "assets" / "seal.svg") as seal:
        shutil.copyfile(seal, static / "seal.svg")


def main(words: list[str] | None = None) -> int:
    """Become Voila; return only if the settings are wrong."""
    parser = argparse.ArgumentParser(prog="python -m sillok.node.voila", description=__doc__)
    parser.add_argument("--host", default="", help="address to bind; default: SILLOK_HOST")
    parser.add_argument("--port", type=int, default=0, help="default: SILLOK_PORT_VOILA")
    given = parser.parse_args(words)
    try:
        settings = load_settings()
    except SillokError as err:
        print(f"error: {err}", file=sys.stderr)
        return err.exit_code
    command = voila_words(settings, host=given.host, port=given.port)
    os.execve(command[0], command, voila_environment(settings))  # noqa: S606 - our own words, no shell
    return 1


if __name__ == "__main__":
    sys.exit(main())
