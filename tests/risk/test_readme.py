"""The room's README: every public name stands in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sillok import risk

TEXT = (Path(risk.__file__).parent / "README.md").read_text()


@pytest.mark.parametrize("name", risk.__all__)
def test_every_public_name_is_described(name: str) -> None:
    # Types that a function hands out are told of with it.
    told = {"AnyCovariance": "labelled frame or either", "Posterior": "black_litterman", "ShrunkReturns": "shrunk_returns", "Spectrum": "noise_spectrum"}  # fmt: skip
    assert told.get(name, f"`{name}") in TEXT
