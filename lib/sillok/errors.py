"""The tree of errors, branched by what a person does next.

Every message says what was asked, what was found and what to do. Data that a program may want goes into
``detail``, so that nobody has to parse a sentence. ``exit_code`` is what the command ends with.
"""

from typing import ClassVar

__all__ = [
    "AuthError",
    "ConfigError",
    "DataError",
    "FatalVendorError",
    "GateError",
    "InfeasibleError",
    "MissingDataError",
    "ParameterError",
    "ResourceError",
    "RetriableVendorError",
    "RunError",
    "SillokError",
    "SolverError",
    "VendorError",
]


class SillokError(Exception):
    """Root of everything that this package raises on purpose."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, /, **detail: object) -> None:
        super().__init__(message)
        self.detail = detail


class ConfigError(SillokError):
    """A setting or an argument is wrong: change it and call again."""

    exit_code = 2


class ParameterError(ConfigError):
    """A notebook parameter has an unknown name, a wrong type or a value that is not allowed."""


class DataError(SillokError):
    """The data cannot carry the request: damaged, misaligned, stale or contradictory."""

    exit_code = 3


class MissingDataError(DataError):
    """What was asked for is not there: load it, or ask for something else."""


class VendorError(SillokError):
    """KIS refused or failed."""

    exit_code = 4


class RetriableVendorError(VendorError):
    """A later try may succeed: rate limit, time-out, temporary server failure."""


class FatalVendorError(VendorError):
    """No try will succeed: the request or the answer is wrong."""


class AuthError(VendorError):
    """Key, secret or token is refused: check the credentials and the host."""


class SolverError(SillokError):
    """The optimisation problem has no acceptable answer."""

    exit_code = 5


class InfeasibleError(SolverError):
    """The constraints contradict one another."""


class RunError(SillokError):
    """The notebook failed; the executed copy is kept to the failing cell."""

    exit_code = 6


class GateError(SillokError):
    """Refused to publish; the last good page stays."""

    exit_code = 7


class ResourceError(SillokError):
    """The machine is in the way: port in use, disk full, database locked, program missing."""

    exit_code = 8
