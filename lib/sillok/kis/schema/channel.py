"""What a channel of the WebSocket service looks like, and the words of its protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sillok.kis.schema.shape import MESSAGE, MESSAGE_CODE, OK, RESULT, Field

__all__ = [
    "ALREADY_SUBSCRIBED",
    "APPROVAL_PATH",
    "BODY",
    "HEADER",
    "INVALID_APPROVAL",
    "IN_USE",
    "KEEP_ALIVE",
    "MAX_REGISTRATIONS",
    "NOT_SUBSCRIBED",
    "SUBSCRIBE",
    "SUBSCRIBED",
    "TOO_MANY",
    "UNSUBSCRIBE",
    "UNSUBSCRIBED",
    "Channel",
    "acknowledgement",
    "keep_alive",
    "request",
]

APPROVAL_PATH = "/oauth2/Approval"
MAX_REGISTRATIONS = 41  # of one session, all channels together
SUBSCRIBE, UNSUBSCRIBE = "1", "2"
HEADER, BODY, KEEP_ALIVE = "header", "body", "PINGPONG"
SUBSCRIBED, UNSUBSCRIBED, ALREADY_SUBSCRIBED, NOT_SUBSCRIBED = "OPSP0000", "OPSP0001", "OPSP0002", "OPSP0003"
TOO_MANY, INVALID_APPROVAL, IN_USE = "OPSP0008", "OPSP0011", "OPSP8996"

_MISSING = {"int": "0", "decimal": "0.00", "text": "", "date": "", "time": "", "flag": "N", "code": ""}
# What stands in a field, padded by spaces or empty; a code has at most four characters.
_FORM = {
    "int": r" *[+-]?\d+ *",
    "decimal": r" *[+-]?(?:\d+\.?\d*|\.\d+) *",
    "text": r"[^^]*",
    "date": r"\d{8}",
    "time": r"\d{6}",
    "flag": r"[YN]",
    "code": r"[0-9A-Za-z]{1,4} *",
}


@dataclass(frozen=True)
class Channel:
    """One feed: our name, its ids on the real and the paper host (empty: none there), and its fields in order.

    ``key`` says what a subscription names: a symbol, an index, an overseas symbol, or the HTS user.
    """

    name: str
    ko: str
    tr_id: str
    tr_id_paper: str
    key: str
    fields: tuple[Field, ...]
    is_encrypted: bool = False

    @property
    def tr_ids(self) -> frozenset[str]:
        return frozenset({self.tr_id, self.tr_id_paper} - {""})

    @cached_property
    def positions(self) -> dict[str, int]:
        """Our name to the field's place in a record, for the fields that have one."""
        return {field.name: place for place, field in enumerate(self.fields) if field.name}

    def pattern(
        self, names: Sequence[str], optional: Sequence[str] = (), *, is_strict: bool = False
    ) -> re.Pattern[str]:
        """Return what a record looks like: a group for each of ``names``, and for the ``optional`` that may be blank.

        Every other field has its kind's form or is blank; if strict, a decimal is there and has its point, so that
        fields which came in between show.
        """
        if unknown := {*names, *optional} - set(self.positions):
            raise ValueError(f"the channel {self.name} has no fields {sorted(unknown)}")
        forms = []
        for field in self.fields:
            form = _FORM[field.kind]
            if field.name and field.name in names:
                forms.append(f"({form})")
            elif field.name and field.name in optional:
                forms.append(f"({form}| *)")
            elif is_strict and field.kind == "decimal":
                forms.append(r" *[+-]?\d+\.\d+ *")
            else:
                forms.append(f"(?:{form}| *)")
        return re.compile(r"\^".join(forms), re.ASCII)

    def render(self, values: Mapping[str, object]) -> str:
        """Return one record, with the vendor's own form of missing where ``values`` has nothing."""
        return "^".join(
            str(values[field.name]) if field.name in values else _MISSING[field.kind] for field in self.fields
        )


def request(approval_key: str, kind: str, tr_id: str, key: str) -> str:
    """Return the message that subscribes or unsubscribes (``kind``) one key of one channel."""
    header = {"approval_key": approval_key, "custtype": "P", "tr_type": kind, "content-type": "utf-8"}
    return json.dumps({HEADER: header, BODY: {"input": {"tr_id": tr_id, "tr_key": key}}})


def acknowledgement(
    tr_id: str,
    key: str,
    code: str,
    text: str,
    *,
    is_encrypted: bool = False,
    secret: tuple[str, str] | None = None,
) -> str:
    """Return the server's answer to a request; ``secret`` is (iv, key), which a failure may lack."""
    header = {"tr_id": tr_id, "tr_key": key, "encrypt": "Y" if is_encrypted else "N"}
    body: dict[str, object] = {
        RESULT: OK if code in {SUBSCRIBED, UNSUBSCRIBED} else "1", MESSAGE_CODE: code, MESSAGE: text,
    }  # fmt: skip
    if secret is not None:
        body["output"] = {"iv": secret[0], "key": secret[1]}
    return json.dumps({HEADER: header, BODY: body})


def keep_alive(stamp: str) -> str:
    """Return the server's keep-alive; ``stamp`` is YYYYMMDDHHMMSS."""
    return json.dumps({HEADER: {"tr_id": KEEP_ALIVE, "datetime": stamp}})
