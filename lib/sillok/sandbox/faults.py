"""What may go wrong on purpose: switches for tests and demonstrations, thrown while the sandbox runs.

Chance is seeded: the same calls in the same order meet the same faults.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Self

from sillok.errors import ConfigError

__all__ = ["Faults", "Revision"]

_SHARES = ("drop", "error_5xx", "rate_burst", "truncate", "duplicate_rows")


@dataclass(frozen=True, slots=True)
class Revision:
    """A past that is told anew: the prices of ``symbol`` divided by ``factor``, its volumes multiplied.

    Give either ``before`` (the adjusted prices of all sessions before that day, as after a split) or ``on``
    (that one session, as traded and adjusted, as after a correction).
    """

    symbol: str
    factor: float
    before: date | None = None
    on: date | None = None

    @classmethod
    def read(cls, given: object) -> Self:
        """Return the revision that a mapping of symbol, factor, and before or on (YYYY-MM-DD) describes."""
        if isinstance(given, cls):
            return given
        wanted = (
            'revise takes {"symbol": "900020", "factor": 2, "before": "2026-01-05"}, or "on" for one session'
        )
        if not isinstance(given, Mapping) or not set(given) <= {"symbol", "factor", "before", "on"}:
            raise ConfigError(f"{wanted}; got {given!r}")
        try:
            days = {
                name: date.fromisoformat(str(given[name])) for name in ("before", "on") if given.get(name)
            }
            factor = float(given["factor"])
            symbol = str(given["symbol"])
        except (KeyError, TypeError, ValueError) as err:
            raise ConfigError(f"{wanted}; got {given!r}") from err
        if len(days) != 1 or not math.isfinite(factor) or factor <= 0:
            raise ConfigError(f"{wanted}; got {given!r}")
        return cls(symbol, factor, **days)


@dataclass(frozen=True, slots=True)
class Faults:
    """The switches; all are off by default.

    Parameters
    ----------
    latency_s
        Seconds that every answer waits.
    drop
        Share of the calls whose connection is closed without an answer: half of them before the work is done,
        half after.
    error_5xx
        Share of the calls answered with HTTP 500, 502 or 503: half of them by a page that is no JSON.
    rate_burst
        Share of the calls at which a burst begins: that call and the next four are refused with EGW00201.
    truncate
        Share of the answers that end in the middle of their JSON.
    revoke_every
        After so many calls the token in use is revoked; 0: never.
    revise
        A past told anew, or None.
    missing_days
        Sessions that every chart lacks.
    duplicate_rows
        Share of the daily bars that come twice.
    clock_stopped
        The market stays at the session it has, whatever the clock says.
    seed
        Seeds chance.
    """

    latency_s: float = 0.0
    drop: float = 0.0
    error_5xx: float = 0.0
    rate_burst: float = 0.0
    truncate: float = 0.0
    revoke_every: int = 0
    revise: Revision | None = None
    missing_days: tuple[date, ...] = ()
    duplicate_rows: float = 0.0
    clock_stopped: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"the fault {name} is a share from 0 to 1, got {getattr(self, name)!r}")
        if not 0 <= self.latency_s < math.inf:
            raise ConfigError(f"the fault latency_s must be 0 or more seconds, got {self.latency_s!r}")
        if self.revoke_every < 0:
            raise ConfigError(f"the fault revoke_every must be 0 or more calls, got {self.revoke_every!r}")

    @classmethod
    def read(cls, given: object) -> Self:
        """Return the faults of a mapping such as JSON gives; what it does not name is off.

        Raises
        ------
        ConfigError
            If a name is unknown, or a value is of the wrong type or out of its range.
        """
        if not isinstance(given, Mapping):
            raise ConfigError(f"faults are a JSON object of names and values, got {given!r}")
        known = {one.name for one in fields(cls)}
        if unknown := sorted(set(given) - known):
            raise ConfigError(f"unknown faults {unknown}; there are {sorted(known)}", unknown=unknown)
        return cls(**{name: _read(name, value) for name, value in given.items()})

    @classmethod
    def parse(cls, given: Iterable[str]) -> Self:
        """Return the faults of texts such as ``drop=0.1``; a value that is JSON is read as JSON."""
        values: dict[str, Any] = {}
        for text in given:
            name, sign, value = text.partition("=")
            if not sign:
                raise ConfigError(f"a fault is given as NAME=VALUE, e.g. drop=0.1; got {text!r}")
            try:
                values[name.strip()] = json.loads(value)
            except ValueError:
                values[name.strip()] = value
        return cls.read(values)

    def as_json(self) -> dict[str, Any]:
        """Return the switches as JSON can hold them; :meth:`read` takes them back."""
        found = asdict(self)
        found["missing_days"] = [day.isoformat() for day in self.missing_days]
        if self.revise is not None:
            found["revise"] = {
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in found["revise"].items()
                if value is not None
            }
        return found


def _read(name: str, value: Any) -> Any:
    if name == "revise":
        return None if value is None else Revision.read(value)
    if name == "missing_days":
        return _read_days(value)
    if name == "clock_stopped":
        if not isinstance(value, bool):
            raise ConfigError(f"the fault {name} is true or false, got {value!r}")
        return value
    is_whole = name in {"revoke_every", "seed"}
    if isinstance(value, bool) or not isinstance(value, int if is_whole else int | float):
        raise ConfigError(f"the fault {name} is a {'whole ' if is_whole else ''}number, got {value!r}")
    return value if is_whole else float(value)


def _read_days(value: Any) -> tuple[date, ...]:
    days = value.split(",") if isinstance(value, str) else value
    try:
        return tuple(sorted(date.fromisoformat(str(day).strip()) for day in days))
    except (TypeError, ValueError) as err:
        raise ConfigError(f"the fault missing_days takes days, 2026-01-05,2026-01-06; got {value!r}") from err
