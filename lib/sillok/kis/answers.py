"""What an answer means: success, or the branch of errors that says what to do next.

KIS reports failures with HTTP 500, and sometimes with 200, so the message code decides before the status.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from sillok.errors import AuthError, FatalVendorError, RetriableVendorError, VendorError
from sillok.kis.schema import ERROR_CODE, ERROR_TEXT, MESSAGE, MESSAGE_CODE, OK, RESULT

__all__ = ["LEDGER_TOO_FAST", "TOKEN_TOO_SOON", "RateLimitError", "TokenRefusedError", "read_answer"]

_TOKEN = {"EGW00121", "EGW00122", "EGW00123"}
LEDGER_TOO_FAST = "EGW00215"
_RATE = {"EGW00201", LEDGER_TOO_FAST}
_TEMPORARY = {
    "EGW00001", "EGW00002", "EGW00202", "EGW00203", "EGW00300", "EGW00301", "EGW00302",
}  # fmt: skip
_CREDENTIALS = {"EGW00103", "EGW00105", "EGW00205", "EGW00206", "EGW00208", "EGW02004"}
TOKEN_TOO_SOON = "EGW00133"  # noqa: S105 - a message code


class RateLimitError(RetriableVendorError):
    """Too many calls in a second: wait, then ask again."""


class TokenRefusedError(AuthError):
    """The access token is expired or unknown: issue another one, once."""


def read_answer(status: int, data: bytes, what: str) -> dict[str, Any]:
    """Return the body of a successful answer.

    Parameters
    ----------
    what
        The call in a few words for the message: no account, no key.

    Raises
    ------
    RetriableVendorError, AuthError, FatalVendorError
        By message code first, by HTTP status where there is none.
    """
    body = _decode(status, data, what)
    if not isinstance(body, dict):
        raise _without_code(status, what, "a body that is not a JSON object")
    code = str(body.get(ERROR_CODE) or body.get(MESSAGE_CODE) or "").strip()
    result = body.get(RESULT)
    failed = ERROR_CODE in body or (result is not None and str(result) != OK)
    if not failed and status == 200:
        return body
    if not code:
        raise _without_code(status, what, "no message code")
    text = str(body.get(ERROR_TEXT) or body.get(MESSAGE) or "").strip()
    raise _by_code(code, text, status, what)


def _decode(status: int, data: bytes, what: str) -> Any:
    """Return the JSON of an answer, None if it is none; one that was cut short raises RetriableVendorError."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:  # Python's own reader takes a little more, and says where it stopped
        pass
    try:
        return json.loads(data)
    except ValueError as err:
        if status == 200 and _is_cut_short(data, err):
            raise RetriableVendorError(
                f"{what}: HTTP 200 with an answer that ends after {len(data)} bytes, in the middle; try again",
                status=status,
            ) from None
    except RecursionError:  # brackets within brackets, beyond what Python reads
        pass
    return None


def _by_code(code: str, text: str, status: int, what: str) -> VendorError:
    said = f"{what}: KIS answered {code} {text!r} (HTTP {status})"
    if code in _TOKEN:
        return TokenRefusedError(f"{said}; a new token is needed", code=code, status=status)
    if code in _RATE:
        return RateLimitError(f"{said}; lower SILLOK_KIS_RATE if this goes on", code=code, status=status)
    if code == TOKEN_TOO_SOON:
        return RetriableVendorError(
            f"{said}; a token may be issued once a minute, wait and run again", code=code, status=status
        )
    if code in _TEMPORARY:
        return RetriableVendorError(f"{said}; try again later", code=code, status=status)
    if code in _CREDENTIALS:
        return AuthError(
            f"{said}; check key and secret, and that they belong to this host (real or paper)",
            code=code,
            status=status,
        )
    return FatalVendorError(
        f"{said}; the request is refused, asking again will not help", code=code, status=status
    )


def _is_cut_short(data: bytes, err: ValueError) -> bool:
    """Return whether ``data`` is the beginning of a JSON object, as a dropped connection leaves it, or nothing."""
    text = data.strip()
    if not text.startswith(b"{"):
        return not text
    if isinstance(err, json.JSONDecodeError):
        if err.msg.startswith("Extra data"):
            return False
        if err.msg.startswith("Unterminated string") or not err.doc[err.pos :].strip():
            return True
    return not text.endswith(b"}")


def _without_code(status: int, what: str, found: str) -> VendorError:
    said = f"{what}: HTTP {status} with {found}"
    if status == 429 or status >= 500:
        return RetriableVendorError(f"{said}; try again later", status=status)
    if status in {401, 403}:
        return AuthError(f"{said}; check key, secret and host", status=status)
    return FatalVendorError(f"{said}; check that the address is a KIS host", status=status)
