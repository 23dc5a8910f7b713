"""What an installation compiles ahead is what the first solve of a desk would have had to wait for."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import numpy as np
import pandas as pd
import pytest
from numba.core.dispatcher import Dispatcher

from sillok.portfolio import (
    Data,
    Limits,
    efficient_frontier,
    maximum_sharpe,
    mean_variance,
    methods,
    minimum_variance,
    risk_parity,
)
from sillok.portfolio.methods import __main__ as ahead
from sillok.risk import sample_covariance, statistical_factors


def _compiled() -> set[tuple[str, str]]:
    found = set()
    for info in pkgutil.iter_modules(methods.__path__):
        module = importlib.import_module(f"{methods.__name__}.{info.name}")
        for name, function in vars(module).items():
            if isinstance(function, Dispatcher) and function.__module__ == module.__name__:
                found |= {(name, str(signature)) for signature in function.signatures}
    return found


def test_a_first_solve_finds_everything_compiled(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["methods"])
    ahead.main()
    assert capsys.readouterr().out.count("compiled") == 3
    before = _compiled()
    assert before
    returns = pd.DataFrame(np.random.default_rng(5).normal(0, 0.01, (120, 40))).rename(columns=str)
    mu = pd.Series(np.linspace(0.02, 0.09, 40), returns.columns)
    for Sigma in (sample_covariance(returns), statistical_factors(returns, factors=3)):
        data, limits = Data(Sigma, mu=mu), Limits(max_weight=0.2)
        minimum_variance(data, limits)
        mean_variance(data, limits, risk_aversion=4.0)
        maximum_sharpe(data)
        efficient_frontier(data, limits)
        risk_parity(data)
    assert _compiled() == before
