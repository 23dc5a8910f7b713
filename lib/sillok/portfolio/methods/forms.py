"""Positive semidefinite quadratic forms, as a solver wants them: whole, or by factors and never as N x N.

A form ``P`` gives products, and on a set ``F`` of free variables a block ``H = P[F, F] + shift I`` that solves.
"""

from __future__ import annotations

from typing import Protocol, cast

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

__all__ = ["Block", "DenseForm", "FactorForm", "Form"]

# A squared pivot below this part of the largest diagonal entry is rounding, not variance: a Cholesky of n rows
# errs by about n eps times the diagonal, and n is some hundreds.
_PIVOT_TOL = 1e-12


class Block(Protocol):
    """``H = P[F, F] + shift I``, factorised."""

    def solve(self, R: np.ndarray) -> np.ndarray:
        """Return ``H^-1 R`` for right-hand sides (|F|, r)."""
        ...

    def reach(self, v: np.ndarray) -> np.ndarray:
        """Return ``P[:, F] v``, (N,)."""
        ...


class Form(Protocol):
    """A positive semidefinite (N, N) matrix ``P``."""

    diagonal: np.ndarray  # (N,)

    def product(self, x: np.ndarray) -> np.ndarray:
        """Return ``P x``, (N,)."""
        ...

    def block(self, free: np.ndarray, shift: float) -> Block | None:
        """Factorise ``P[F, F] + shift I`` for the indices ``free``; None where it is singular to working precision."""
        ...


class _Cholesky:
    """The lower Cholesky factor of a small dense block."""

    __slots__ = ("factor", "rows")

    def __init__(self, factor: np.ndarray, rows: np.ndarray) -> None:
        self.factor, self.rows = factor, rows

    def solve(self, R: np.ndarray) -> np.ndarray:
        return _substitute(self.factor, R)

    def reach(self, v: np.ndarray) -> np.ndarray:
        return v @ self.rows


def _cholesky(H: np.ndarray) -> np.ndarray | None:
    """Return the lower factor of ``H``, or None where a pivot is no more than rounding."""
    if not len(H):
        return H
    top = H.diagonal().max()
    # H is symmetric: its transpose is the same matrix in the order that LAPACK overwrites without a copy.
    L, info = dpotrf(H.T, lower=1, clean=0, overwrite_a=1)
    if info or L.diagonal().min() ** 2 <= _PIVOT_TOL * top:
        return None
    return cast(np.ndarray, L)


def _substitute(L: np.ndarray, R: np.ndarray) -> np.ndarray:
    """Return ``(L L')^-1 R``; LAPACK's wrapper refuses arrays without an entry."""
    return cast(np.ndarray, dpotrs(L, R, lower=1)[0]) if R.size else R


class DenseForm:
    """``P`` as a dense symmetric (N, N) matrix; only its rows and blocks on free variables are touched."""

    __slots__ = ("P", "diagonal")

    def __init__(self, P: np.ndarray) -> None:
        # Frames hold their columns together; of a symmetric matrix the transpose is the same and costs no copy.
        self.P = np.ascontiguousarray(P.T if P.flags.f_contiguous else P, dtype=float)
        self.diagonal = self.P.diagonal()

    def product(self, x: np.ndarray) -> np.ndarray:
        """Return ``P x``, (N,)."""
        return self.P @ x

    def block(self, free: np.ndarray, shift: float) -> Block | None:
        """Factorise ``P[F, F] + shift I`` by Cholesky; None where it is singular to working precision."""
        rows = self.P[free]
        H = rows[:, free]
        if shift:
            H.flat[:: len(free) + 1] += shift
        L = _cholesky(H)
        return None if L is None else _Cholesky(L, rows)


class FactorForm:
    """``P = B B' + diag(d)`` by its parts: B (N, K), d (N,) not negative."""

    __slots__ = ("B", "d", "diagonal", "is_definite")

    def __init__(self, B: np.ndarray, d: np.ndarray) -> None:
        self.B = np.ascontiguousarray(B, dtype=float)
        self.d = np.ascontiguousarray(d, dtype=float)
        self.diagonal = np.einsum("nk,nk->n", self.B, self.B) + self.d
        # Each issue has a variance of its own: Woodbury's identity serves whatever is free.
        self.is_definite = bool(self.d.min() > _PIVOT_TOL * self.diagonal.max())

    def product(self, x: np.ndarray) -> np.ndarray:
        """Return ``P x``, (N,), in N K operations."""
        return self.B @ (x @ self.B) + self.d * x

    def block(self, free: np.ndarray, shift: float) -> Block | None:
        """Factorise ``P[F, F] + shift I`` by Woodbury's identity, in \\|F\\| K^2 operations; None where it is singular."""
        B, d = self.B.take(free, axis=0), self.d.take(free) + shift
        if len(free) <= B.shape[1]:
            H = B @ B.T
            H.flat[:: len(free) + 1] += d
            L = _cholesky(H)
            return None if L is None else _Small(self, free, L)
        if not d.min() > _PIVOT_TOL * self.diagonal[free].max():
            return None
        scaled = B / d[:, None]
        C = scaled.T @ B
        C.flat[:: len(C) + 1] += 1.0
        L = _cholesky(C)
        return None if L is None else _Woodbury(self, free, scaled, d, L)


class _Small:
    """Fewer free variables than factors: their own block is the smaller matrix."""

    __slots__ = ("factor", "form", "free")

    def __init__(self, form: FactorForm, free: np.ndarray, factor: np.ndarray) -> None:
        self.form, self.free, self.factor = form, free, factor

    def solve(self, R: np.ndarray) -> np.ndarray:
        return _substitute(self.factor, R)

    def reach(self, v: np.ndarray) -> np.ndarray:
        return _reach(self.form, self.free, v)


class _Woodbury:
    """``H^-1 = D^-1 - D^-1 B (I + B' D^-1 B)^-1 B' D^-1`` (Woodbury, 1950)."""

    __slots__ = ("d", "factor", "form", "free", "scaled")

    def __init__(
        self, form: FactorForm, free: np.ndarray, scaled: np.ndarray, d: np.ndarray, factor: np.ndarray
    ) -> None:
        self.form, self.free, self.scaled, self.d, self.factor = form, free, scaled, d, factor

    def solve(self, R: np.ndarray) -> np.ndarray:
        inner = _substitute(self.factor, self.scaled.T @ R)
        return R / self.d[:, None] - self.scaled @ inner

    def reach(self, v: np.ndarray) -> np.ndarray:
        return _reach(self.form, self.free, v)


def _reach(form: FactorForm, free: np.ndarray, v: np.ndarray) -> np.ndarray:
    out = form.B @ (v @ form.B[free])
    out[free] += form.d[free] * v
    return cast(np.ndarray, out)
