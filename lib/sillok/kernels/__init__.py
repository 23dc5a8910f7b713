"""Kernels: what stands between a notebook and its process, usable by others without the rest of the library."""

from sillok.kernels.client import PromptKernelClient

__all__ = ["PromptKernelClient"]
