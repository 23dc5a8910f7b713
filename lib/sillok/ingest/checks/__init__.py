"""Checks of what a load left in the store: each looks at the whole market, and says how bad what it found is.

``error`` keeps a report from being published; ``warn`` is shown with it; ``info`` is worth knowing. A severity
comes with its reason, and with what it was after the last load.
"""

from sillok.ingest.checks.result import SEVERITIES, CheckResult
from sillok.ingest.checks.run import CHECKS, check_market, run_checks

__all__ = ["CHECKS", "SEVERITIES", "CheckResult", "check_market", "run_checks"]
