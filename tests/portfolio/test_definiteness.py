"""A covariance is told from a matrix that is none, in single precision and in double."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sillok.errors import DataError
from sillok.portfolio import Data
from sillok.portfolio.definiteness import _is_proved, check_definite
from sillok.risk import sample_covariance
from tests.risk.samples import draw


def with_least(least: float, N: int, seed: int) -> np.ndarray:
    """A matrix of volatilities between 10 and 50 % whose correlation has this least eigenvalue, but for its scale."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((N, N)))[0]
    values = np.concatenate([[least], rng.uniform(0.2, 1.8, N - 1)])
    vol = rng.uniform(0.1, 0.5, N)
    S = (Q * values) @ Q.T * np.outer(vol, vol)
    return (S + S.T) / 2


@pytest.mark.parametrize("N", [5, 127, 128, 400])
@pytest.mark.parametrize("least", [-0.3, -1e-3, -1e-5, -1e-7, 0.0, 1e-7, 1e-4, 0.1])
def test_what_is_none_is_refused_and_nothing_else(N: int, least: float) -> None:
    for seed in range(3):
        S = with_least(least, N, seed)
        names = [f"{k:06d}" for k in range(N)]
        data = Data(pd.DataFrame(S, names, names))
        if least < 0:
            with pytest.raises(DataError, match="semidefinite"):
                check_definite(data)
        else:
            check_definite(data)


@pytest.mark.parametrize("unit", [1e-30, 1e-12, 1.0, 1e12, 1e30])
def test_single_precision_proves_nothing_that_is_not_so(unit: float) -> None:
    proved = [
        (least, _is_proved(with_least(least, 200, seed) * unit))
        for least in (-0.1, -1e-4, -1e-6, -1e-8, -1e-10, 0.2)
        for seed in range(4)
    ]
    assert not any(told for least, told in proved if least < 0)
    assert all(told for least, told in proved if least > 0) == (1e-20 < unit < 1e20)


def test_an_issue_without_variance_or_with_next_to_none_is_left_to_double_precision() -> None:
    S = with_least(0.2, 150, 0)
    S[0], S[:, 0] = 0.0, 0.0
    assert not _is_proved(S)
    names = [f"{k:06d}" for k in range(150)]
    check_definite(Data(pd.DataFrame(S, names, names)))


def test_an_estimate_proves_itself_and_one_that_was_changed_is_looked_at() -> None:
    found = sample_covariance(draw(60, 5))
    data = Data(found)
    assert data.is_proved
    np.testing.assert_array_equal(data.matrix(), found.matrix)
    whole = found.matrix.copy()
    whole.iloc[0, 1] = whole.iloc[1, 0] = 2 * whole.iloc[0, 0] + 2 * whole.iloc[1, 1]
    changed = Data(replace(found, matrix=whole))
    assert not changed.is_proved
    with pytest.raises(DataError, match="semidefinite"):
        check_definite(changed)
    holed = found.matrix.copy()
    holed.iloc[2, 2] = np.nan
    with pytest.raises(DataError, match="missing"):
        Data(replace(found, matrix=holed))
    found.matrix.columns = found.matrix.index = ["a", "b", "c", "d", "d"]
    with pytest.raises(DataError, match="twice"):
        Data(found)
