"""Kernels in tens of milliseconds: forks of a process that has everything imported; usable without the other rooms."""

from sillok.kernels.client import PromptKernelClient, PromptKernelManager
from sillok.kernels.places import Places, Recipe
from sillok.kernels.provisioner import ForkProvisioner, parent_command, start_parent

__all__ = [
    "ForkProvisioner",
    "Places",
    "PromptKernelClient",
    "PromptKernelManager",
    "Recipe",
    "parent_command",
    "start_parent",
]
