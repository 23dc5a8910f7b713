"""From a call as it came to its answer: transaction id, parameters, page, and the function that answers."""

from __future__ import annotations

from collections.abc import Mapping

from sillok.kis import schema
from sillok.sandbox.answers.asks import Ask, Reply
from sillok.sandbox.answers.registry import ANSWERS
from sillok.sandbox.gate import Limits, RefusedError
from sillok.sandbox.world.world import World

__all__ = ["Desk"]

# Of a parameter that never changes in our calls, what else the vendor takes: a market division.
_DIVISIONS = {"J": {"J", "NX", "UN", "W", "Q"}, "U": {"U"}, "B": {"B"}, "I": {"I"}}
_NOT_ON_PAPER = {"NX", "UN"}  # the paper host knows the exchange alone


class Desk:
    """Answers calls as one host does: the real one, or the paper one with fewer calls and shorter pages."""

    def __init__(self, limits: Limits, positions: int) -> None:
        self._is_paper, self._positions = limits.paper, positions

    def answer(self, name: str, world: World, tr_id: str, query: Mapping[str, str]) -> Reply:
        """Return the answer of the endpoint ``name``, or raise RefusedError with the vendor's code."""
        endpoint = schema.ENDPOINTS[name]
        is_archive = self._check_tr_id(endpoint, tr_id)
        given = {key.upper(): value for key, value in query.items()}
        for key, value in endpoint.fixed.items():
            known = _DIVISIONS.get(value)
            asked = given.get(key.upper(), value)
            if known is not None and (asked not in known or (self._is_paper and asked in _NOT_ON_PAPER)):
                raise RefusedError("OPSQ2001", "ERROR : INPUT INVALID_CHECK_MRKT_DIV_CODE", 200)
        # The vendor wants a header beside the key; some clients in use send the key alone, and get their page.
        after = given.get(endpoint.context[1], "").strip() if endpoint.context else ""
        rows = (endpoint.page_rows_paper if self._is_paper else 0) or endpoint.page_rows
        ask = Ask(
            endpoint,
            world,
            endpoint.read(given),
            after,
            rows,
            is_paper=self._is_paper,
            is_archive=is_archive,
            positions=self._positions,
        )
        return ANSWERS[name](ask)

    def _check_tr_id(self, endpoint: schema.Endpoint, tr_id: str) -> bool:
        """Return whether the archive is asked; refuse an id of the other host, or of no call."""
        tr_id = endpoint.old_ids.get(tr_id, tr_id)
        place = 1 if self._is_paper else 0
        recent, archive = (endpoint.tr_id, endpoint.tr_id_paper), endpoint.archive or ("", "")
        if tr_id and tr_id == recent[place]:
            return False
        if tr_id and tr_id == archive[place]:
            return True
        if tr_id and tr_id in {*recent, *archive}:
            raise RefusedError("EGW02004", "실전투자/모의투자 도메인과 TR ID가 맞지 않습니다.")
        if self._is_paper and tr_id and not endpoint.tr_id_paper:
            raise RefusedError("EGW00213", "모의투자 TR 이 아닙니다.")
        raise RefusedError("OPSQ0002", "없는 서비스 코드 입니다.")
