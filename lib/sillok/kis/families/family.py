"""What every family is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sillok.kis.calls import Calls, WithHead
from sillok.kis.rows import describe

__all__ = ["Family", "WithHead", "gives"]

_Method = TypeVar("_Method", bound=Callable[..., object])


class Family:
    """A group of calls on one connection."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def __repr__(self) -> str:
        names = [name for name in dir(self) if not name.startswith("_")]
        return f"{type(self).__name__}({', '.join(names)})"


def gives(name: str, *keys: str) -> Callable[[_Method], _Method]:
    """Add the columns of what a method returns to its documentation, out of the schema.

    The function that comes back carries the name of its call and its blocks as ``call`` and ``keys``.
    """

    def add(method: _Method) -> _Method:
        lines = [(method.__doc__ or "").rstrip(), "", "        Columns", "        -------"]
        for key in keys or ("",):
            for column, kind, unit, korean in describe(name, key):
                lines.append(f"        {column}: {kind}{f', {unit}' if unit else ''} ({korean})")
        method.__doc__ = "\n".join(lines) + "\n"
        method.call, method.keys = name, keys  # type: ignore[attr-defined]
        return method

    return add
