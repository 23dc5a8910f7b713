"""The node: its jobs, and the processes that `sillok up` keeps running."""

from sillok.node.kernelspec import install_kernelspec

__all__ = ["install_kernelspec"]
