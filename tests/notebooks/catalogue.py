"""Which notebooks there are, and what marks a cell whose output is kept and compared."""

from __future__ import annotations

from tests.reference import PROJECT

__all__ = ["LIVE", "NOTEBOOKS", "REFERENCE_TAGS", "STUDIES"]

NOTEBOOKS = sorted([*PROJECT.glob("notebooks/*.ipynb"), *PROJECT.glob("dashboards/*.ipynb")])
# These ask a sandbox that plays a session, and are never published.
LIVE = sorted(PROJECT.glob("notebooks/live_*.ipynb"))
# These answer a question of months, not of the day: they are run when asked for, and the night stays short.
STUDIES = [
    PROJECT / "notebooks/covariance_out_of_sample.ipynb",
    PROJECT / "notebooks/frontier_and_constraints.ipynb",
]
REFERENCE_TAGS = {"nbval-check-output", "keep_output"}
