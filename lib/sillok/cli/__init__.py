"""The command ``sillok``: each day's work from a terminal, for people and for machines.

Nothing heavy is imported here: ``sillok --help`` answers at once, a command imports what it uses.
"""

from sillok.cli import checks, kernels, live, market, reports, services
from sillok.cli.root import app, main

__all__ = ["app", "checks", "kernels", "live", "main", "market", "reports", "services"]
