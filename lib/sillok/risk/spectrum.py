"""The eigenvalues of a sample, which chance spreads apart, put back: nonlinear shrinkage and denoising."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sillok.errors import DataError
from sillok.measures import TRADING_DAYS
from sillok.risk.covariance import Covariance, estimated
from sillok.risk.observed import Observed, read_returns

__all__ = ["Spectrum", "denoised_covariance", "noise_spectrum", "nonlinear_shrinkage"]

# An eigenvalue below this part of the largest is zero give or take a rounding.
_RANK = 1e-12
_FAR = 10.0  # from here on thirteen terms of the series are exact, and the formula has lost two digits


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Eigenvalues of a sample correlation, and how far chance alone would have spread them."""

    eigenvalues: np.ndarray  # (N,) ascending, adding up to N
    noise_variance: float  # variance of what no common movement explains, 1: nothing does
    lower: float  # Marchenko-Pastur edges of the noise; with N > T, N - T more are zero
    upper: float
    ratio: float  # N / T
    through: Hashable  # label of the last row

    @property
    def signals(self) -> int:
        """How many eigenvalues stand above the noise."""
        return int((self.eigenvalues > self.upper).sum())


def _correlation(seen: Observed) -> np.ndarray:
    Z = seen.X / np.sqrt(seen.variance)
    return Z.T @ Z / len(Z)


def _spectrum(values: np.ndarray, T: int, through: Hashable) -> Spectrum:
    N = len(values)
    spread = np.sqrt(N / T)
    # One pass, no fixed point: where issues differ in what is their own, each further pass would call more of it
    # a signal.
    noise = float(values[: max(1, int((values <= (1 + spread) ** 2).sum()))].mean())
    lower, upper = (float(noise * (1 + way * spread) ** 2) for way in (-1, 1))
    return Spectrum(values, noise, lower, upper, N / T, through)


def noise_spectrum(returns: pd.DataFrame) -> Spectrum:
    """Part the eigenvalues of the sample correlation into noise and signal.

    Noise of variance s2 spreads eigenvalues over ``s2 (1 -+ sqrt(N / T))^2`` (Marchenko and Pastur, 1967). What
    stands above the edge of a variance of one, no correlation at all, is taken out; s2 is the mean of the rest
    (Laloux, Cizeau, Bouchaud and Potters, 1999, who take out the largest).

    Raises
    ------
    DataError
        As :func:`sample_covariance`.
    """
    seen = read_returns(returns)
    return _spectrum(np.linalg.eigvalsh(_correlation(seen)), len(seen.X), seen.through)


def denoised_covariance(returns: pd.DataFrame, *, periods_per_year: int = TRADING_DAYS) -> Covariance:
    """Estimate the covariance with every noise eigenvalue of the correlation set to their mean, annualised.

    Lopez de Prado (2020), Machine Learning for Asset Managers, section 2.5.1, with the noise found as in
    :func:`noise_spectrum`; the correlation gets its unit diagonal back, so every sample variance (T - 1) is kept.

    Raises
    ------
    DataError
        As :func:`sample_covariance`.
    """
    seen = read_returns(returns, periods_per_year=periods_per_year)
    T = len(seen.X)
    values, V = np.linalg.eigh(_correlation(seen))
    signals = _spectrum(values, T, seen.through).signals
    noisy = slice(0, len(values) - signals)
    values[noisy] = values[noisy].mean() if signals < len(values) else 0.0
    W = V * np.sqrt(np.maximum(values, 0.0))
    sd = np.sqrt(seen.variance * T / (T - 1) * periods_per_year)
    W *= (sd / np.sqrt(np.einsum("ij,ij->i", W, W)))[:, None]
    return estimated(W @ W.T, seen, "denoised", np.nan, periods_per_year)


def _hilbert(x: np.ndarray) -> np.ndarray:
    """Hilbert transform of the Epanechnikov kernel of unit variance: Ledoit and Wolf (2020), eq. 4.8.

    Far out the formula is a small difference of large numbers; there its series in 1 / x is summed instead, whose
    terms are the kernel's moments ``3 * 5^j / ((2j + 1)(2j + 3))``.
    """
    far = np.abs(x) > _FAR
    near = np.where(far, 0.0, x)
    edge = np.abs(np.abs(near) - np.sqrt(5)) < 1e-14
    safe = np.where(edge, 0.0, near)
    log = np.log(np.abs((np.sqrt(5) - safe) / (np.sqrt(5) + safe)))
    direct = -3 / (10 * np.pi) * near + 3 / (4 * np.sqrt(5) * np.pi) * np.where(
        edge, 0.0, (1 - near**2 / 5) * log
    )
    out = np.where(far, x, 1.0)
    moments = [3 / ((2 * j + 1) * (2 * j + 3)) for j in range(12, -1, -1)]
    return np.where(far, -np.polyval(moments, 5 / out**2) / (np.pi * out), direct)


def _kernel(values: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Density of the eigenvalues and its Hilbert transform at each: Ledoit and Wolf (2020), eqs. 4.7 to 4.9."""
    h = n ** (-1 / 3)
    width = h * values[None, :]
    x = (values[:, None] - values[None, :]) / width
    density = (3 / (4 * np.sqrt(5)) * np.maximum(1 - x**2 / 5, 0.0) / width).mean(axis=1)
    return density, (_hilbert(x) / width).mean(axis=1), h


def _shrunk(values: np.ndarray, p: int, n: int) -> np.ndarray:
    """Eigenvalues that the population may have had: Ledoit and Wolf (2020), eqs. 4.3 and C.4 to C.8."""
    c = p / n
    kept = values[max(0, p - n) :]
    density, hilbert, h = _kernel(kept, n)
    if p <= n:
        return kept / ((np.pi * c * kept * density) ** 2 + (1 - c - np.pi * c * kept * hilbert) ** 2)
    root = np.sqrt(5) * h
    at_zero = 3 / 10 / h**2 + 3 / (4 * np.sqrt(5)) / h * (1 - 1 / (5 * h**2)) * np.log(
        (1 + root) / (1 - root)
    )
    null = 1 / (np.pi * (c - 1) * at_zero / np.pi * (1 / kept).mean())
    return np.concatenate([np.full(p - n, null), kept / (np.pi**2 * kept**2 * (density**2 + hilbert**2))])


def nonlinear_shrinkage(returns: pd.DataFrame, *, periods_per_year: int = TRADING_DAYS) -> Covariance:
    """Estimate the covariance with each sample eigenvalue shrunk by its own amount, annualised.

    Ledoit and Wolf (2020), Annals of Statistics 48, "Analytical nonlinear shrinkage of large-dimensional covariance
    matrices", section 4.7 and appendix C; n = T - 1 for the mean that was taken out. The eigenvectors stay.

    Raises
    ------
    DataError
        As :func:`sample_covariance`; if T < 13, where the kernel's formulas end; and if issues are linear
        combinations of others, which are named.
    """
    seen = read_returns(returns, least=13, periods_per_year=periods_per_year)
    T, p = seen.X.shape
    n = T - 1
    values, V = np.linalg.eigh(seen.X.T @ seen.X / n)
    flat = values[max(0, p - n) :] <= _RANK * values[-1]
    if flat.any():
        null = V[:, max(0, p - n) :][:, flat]
        names = list(seen.labels[np.abs(null).max(axis=1) > 0.1])
        raise DataError(
            f"{int(flat.sum())} of the issues are linear combinations of others, among {names[:5]}; keep one of each",
            symbols=names,
        )
    W = V * np.sqrt(_shrunk(values, p, n) * periods_per_year)
    return estimated(W @ W.T, seen, "nonlinear", np.nan, periods_per_year)
