"""The command ``sillok``: each day's work from a terminal, for people and for machines.

Nothing heavy is imported here: ``sillok --help`` answers at once, a command imports what it uses.
"""

from sillok.cli.app import main

__all__ = ["main"]
