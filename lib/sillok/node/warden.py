"""``python -m sillok.node.warden FD MARK``: wait until the pipe closes, then kill whatever carries the mark.

So a node that is killed with ``kill -9`` leaves no process behind. See :func:`sillok.node.processes.start_warden`.
"""

from __future__ import annotations

import os
import signal
import sys

from sillok.node.processes import sweep

__all__ = ["main"]


def main(words: list[str]) -> int:
    """Wait for the end of the pipe ``words[0]``, then sweep the mark ``words[1]``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while os.read(int(words[0]), 1):
        pass
    sweep(words[1])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
