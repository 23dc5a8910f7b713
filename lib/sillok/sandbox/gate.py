"""Who may call, and how often: tokens, keys, and the vendor's limits in a sliding second."""

from __future__ import annotations

import secrets
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sillok.clock import KST

__all__ = ["Gate", "Limits", "RefusedError"]


_APPROVAL_LIFE_S = 86_400


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server allows; 0 switches a limit off.

    Parameters
    ----------
    rate, ledger_rate
        Calls a second of one appkey, in all and on account calls.
    token_life_s
        How long a token is valid.
    token_interval_s
        How long after an issue the next request for a token is refused.
    token_same_s
        How long a later request gets the same token again.
    keys
        Accepted appkeys with their secrets; empty accepts any pair.
    paper
        Serve the paper host's transaction ids instead of the real ones.
    """

    rate: float = 20
    ledger_rate: float = 5
    token_life_s: float = 86_400
    token_interval_s: float = 60
    token_same_s: float = 21_600
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    paper: bool = False

    @classmethod
    def none(cls) -> Limits:
        """Return limits that never refuse: for loads and measurements on one machine."""
        return cls(rate=0, ledger_rate=0, token_interval_s=0)


class RefusedError(Exception):
    """A call is refused with the vendor's code, text, HTTP status and result (7: there is no such thing)."""

    def __init__(self, code: str, text: str, status: int = 500, *, result: str = "1") -> None:
        super().__init__(code)
        self.code, self.text, self.status, self.result = code, text, status, result


@dataclass(slots=True)
class _Token:
    value: str
    app_key: str
    issued: float
    ends: float
    ends_at: datetime


class Gate:
    """The server's memory of tokens and of the last second's calls."""

    def __init__(
        self,
        limits: Limits,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(KST),
    ) -> None:
        self.limits = limits
        self._monotonic, self._now = monotonic, now
        self._tokens: dict[str, _Token] = {}
        self._latest: dict[str, _Token] = {}
        self._asked: dict[str, float] = {}
        self._calls: dict[tuple[str, bool], deque[float]] = {}
        self._approvals: dict[str, tuple[str, float]] = {}

    def issue(self, grant_type: str, app_key: str, app_secret: str) -> tuple[str, float, datetime]:
        """Return token, seconds it lives and the instant it ends; first the minute's limit, then the same token."""
        if grant_type != "client_credentials":
            raise RefusedError("EGW00205", "유효하지 않은 grant_type입니다.", 403)
        self._check_keys(app_key, app_secret)
        now, limits = self._monotonic(), self.limits
        asked = self._asked.get(app_key)
        if asked is not None and now - asked < limits.token_interval_s:
            raise RefusedError("EGW00133", "접근토큰 발급 잠시 후 다시 시도하세요(1분당 1회)", 403)
        self._asked[app_key] = now
        token = self._latest.get(app_key)
        if token is None or now >= token.ends or now - token.issued >= limits.token_same_s:
            value = f"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzUxMiJ9.{secrets.token_urlsafe(120)}.{secrets.token_urlsafe(64)}"
            ends_at = self._now() + timedelta(seconds=limits.token_life_s)
            token = _Token(value, app_key, now, now + limits.token_life_s, ends_at)
            self._tokens[value] = self._latest[app_key] = token
        return token.value, token.ends - now, token.ends_at

    def revoke(self, value: str) -> None:
        """Forget a token."""
        token = self._tokens.pop(value, None)
        if token is not None and self._latest.get(token.app_key) is token:
            del self._latest[token.app_key]

    def approve(self, grant_type: str, app_key: str, secret_key: str) -> str:
        """Return a key that opens the stream for a day; it is looked at when something is subscribed to."""
        if grant_type != "client_credentials":
            raise RefusedError("EGW00205", "유효하지 않은 grant_type입니다.", 403)
        self._check_keys(app_key, secret_key)
        value = str(uuid.uuid4())
        self._approvals[value] = (app_key, self._monotonic() + _APPROVAL_LIFE_S)
        return value

    def approved(self, value: str) -> str:
        """Return the appkey of an approval key; an unknown or ended one raises RefusedError."""
        app_key, ends = self._approvals.get(value, ("", 0.0))
        if not app_key or self._monotonic() >= ends:
            raise RefusedError("OPSP0011", "invalid approval : NOT FOUND", 200)
        return app_key

    def admit(self, authorization: str, app_key: str, app_secret: str, *, ledger: bool) -> None:
        """Let a call pass, or raise RefusedError: token, keys, then the rates."""
        token = self._tokens.get(authorization.removeprefix("Bearer ").strip())
        if token is None or token.app_key != app_key:
            raise RefusedError("EGW00121", "유효하지 않은 token 입니다.")
        now = self._monotonic()
        if now >= token.ends:
            raise RefusedError("EGW00123", "기간이 만료된 token 입니다.")
        self._check_keys(app_key, app_secret)
        limits = self.limits
        if not self._has_room((app_key, False), limits.rate, now):
            raise RefusedError("EGW00201", "초당 거래건수를 초과하였습니다.")
        if ledger and not self._has_room((app_key, True), limits.ledger_rate, now):
            raise RefusedError("EGW00215", "원장 초당 거래건수를 초과하였습니다.")

    def _check_keys(self, app_key: str, app_secret: str) -> None:
        known = self.limits.keys
        if not app_key or (known and app_key not in known):
            raise RefusedError("EGW00103", "유효하지 않은 AppKey입니다.", 403)
        if not app_secret or (known and not secrets.compare_digest(known[app_key], app_secret)):
            raise RefusedError("EGW00105", "유효하지 않은 AppSecret입니다.", 403)

    def _has_room(self, who: tuple[str, bool], rate: float, now: float) -> bool:
        """Count a call, unless the second before ``now`` is full."""
        if not rate:
            return True
        calls = self._calls.setdefault(who, deque())
        while calls and now - calls[0] >= 1:
            calls.popleft()
        if len(calls) >= rate:
            return False
        calls.append(now)
        return True
