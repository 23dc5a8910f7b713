"""Ingest: bring every dataset from the vendor into the store, and check what came.

A load asks only for what may be missing, overlapping what is there by a few sessions; where the overlap differs,
the past was rewritten (a split), and the whole history is asked for again and recorded as revisions. The rules of
each dataset stand in ``ingest/README.md``.
"""

from sillok.ingest.accounts import fingerprint
from sillok.ingest.checks import CheckResult, run_checks
from sillok.ingest.datasets import DATASETS, Dataset, choose_datasets
from sillok.ingest.load import load_market, plan_load
from sillok.ingest.plan import Plan
from sillok.ingest.record import LoadReport
from sillok.ingest.source import MarketSource
from sillok.ingest.survey import Scope

__all__ = [
    "DATASETS",
    "CheckResult",
    "Dataset",
    "LoadReport",
    "MarketSource",
    "Plan",
    "Scope",
    "choose_datasets",
    "fingerprint",
    "load_market",
    "plan_load",
    "run_checks",
]
