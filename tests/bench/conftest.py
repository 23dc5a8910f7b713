"""Benchmarks are scripts; what needs the peers' packages can be looked at only where they are installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("riskfolio") else ["beside", "portfolio.py"]
