"""Ingest: bring the market from the vendor into the store, and check what came.

A load asks only for what may be missing, overlapping what is there by a few sessions; where the overlap differs,
the past was rewritten (a split), and the whole history is asked for again and recorded as revisions.
"""

from sillok.ingest.checks import CheckResult, run_checks
from sillok.ingest.load import LoadReport, load_market
from sillok.ingest.source import MarketSource

__all__ = ["CheckResult", "LoadReport", "MarketSource", "load_market", "run_checks"]
