"""The node: its jobs, and the processes that `sillok up` keeps running."""

from typing import TYPE_CHECKING, Any

from sillok.node.kernelspec import install_kernelspec, install_lab_settings

if TYPE_CHECKING:
    from sillok.node.night import run_nightly
    from sillok.node.supervise import up

__all__ = ["install_kernelspec", "install_lab_settings", "run_nightly", "up"]


def __getattr__(name: str) -> Any:
    # The warden and the image's build import this room; they need not read the settings' machinery.
    if name == "run_nightly":
        from sillok.node.night import run_nightly

        return run_nightly
    if name == "up":
        from sillok.node.supervise import up

        return up
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
