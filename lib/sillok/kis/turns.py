"""Who may call when: the vendor's sliding second as slots, even spacing, a queue. No clock and no file in here.

The vendor counts the calls of the second before each arrival, and nobody but the vendor knows when a call
arrives: only that it is between our sending and its answer. So there are as many slots as the vendor allows
calls, a call takes one, and the slot is free again one second after the *answer*. Two calls in one slot then
arrive a second apart or more, whatever the network does, and no second can hold more calls than there are slots.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from sillok.errors import ConfigError

__all__ = ["Lane", "Reservation", "Slot", "reserve"]

_GRACE_S = 2.0  # a reserved slot that nobody came for in this time goes back
_WAITING_S = 0.5  # a waiter that was not seen for this time has left
_QUEUE = 16
_HEAD = struct.Struct("<dd")
_ENTRY = struct.Struct("<Qdd")
_ROUNDING_S = 1e-3


@dataclass(slots=True)
class Slot:
    """One call that may be under way: who has it, when it may be taken next, until when it is kept for its owner."""

    owner: int = 0
    free_at: float = 0.0
    kept_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call's place: its slot in each lane, and the instant from which it may be sent."""

    owner: int
    at: float
    places: tuple[tuple[Lane, int], ...]

    def confirm(self, now: float, limit_s: float) -> bool:
        """Return whether the call may be sent now; it will have ended within ``limit_s``.

        If not (it came too late and lost the slot, or the vendor asked for a pause), the slots go back.
        """
        held = [lane.slots[number] for lane, number in self.places]
        good = all(slot.owner == self.owner and now >= slot.free_at for slot in held)
        if not good or any(lane.paused_until > now for lane, _ in self.places):
            self.give_back()
            return False
        for (lane, _), slot in zip(self.places, held, strict=True):
            slot.free_at, slot.kept_until = now + limit_s + lane.period, 0.0
        return True

    def give_back(self) -> None:
        """Free the slots of a call that was not sent."""
        for lane, number in self.places:
            slot = lane.slots[number]
            if slot.owner == self.owner:
                slot.owner, slot.kept_until = 0, 0.0

    def end(self, now: float) -> None:
        """Free the slots one period after ``now``, when the call was answered or given up."""
        for lane, number in self.places:
            slot = lane.slots[number]
            if slot.owner == self.owner:
                slot.owner, slot.free_at = 0, now + lane.period


@dataclass(slots=True)
class _Waiter:
    who: int = 0
    since: float = 0.0
    seen: float = 0.0


@dataclass(eq=False, slots=True)
class Lane:
    """One of the vendor's limits: ``rate`` calls a second, more than 0; rates below 1 have one slot."""

    rate: float
    slots: list[Slot] = field(init=False)
    waiters: list[_Waiter] = field(default_factory=lambda: [_Waiter() for _ in range(_QUEUE)])
    next_at: float = 0.0
    paused_until: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.rate < math.inf:
            raise ConfigError(f"the call rate must be 0 (no limit) or more a second, got {self.rate}")
        self.slots = [Slot() for _ in range(self.count)]

    @property
    def count(self) -> int:
        """How many calls the vendor allows in one period."""
        return math.ceil(self.rate)

    @property
    def period(self) -> float:
        """How long after its answer a call counts, in seconds: 1 for a whole rate."""
        return self.count / self.rate

    def pause(self, now: float, seconds: float) -> None:
        """Let nobody call for ``seconds`` from ``now``."""
        self.paused_until = max(self.paused_until, now + seconds)
        self.next_at = max(self.next_at, self.paused_until)

    def soonest(self, now: float) -> tuple[float, int] | None:
        """Return when the next call may be sent, and in which slot; None while all calls are unanswered."""
        free = [
            (slot.free_at, number)
            for number, slot in enumerate(self.slots[: self.count])
            if slot.kept_until <= now
        ]
        if not free:
            return None
        free_at, number = min(free)
        if free_at - now > self.period + _ROUNDING_S:
            return None
        # Half a step of slack: a call that was sent late does not hold back those after it.
        return max(now, free_at, self.paused_until, self.next_at - 0.5 / self.rate), number

    def take(self, number: int, owner: int, at: float, until: float) -> None:
        """Keep a slot for ``owner`` from ``at`` until ``until``."""
        self.next_at = max(at, self.next_at) + 1 / self.rate
        slot = self.slots[number]
        slot.owner, slot.kept_until = owner, until

    def is_first(self, now: float, who: int) -> bool:
        """Return whether nobody has been waiting for longer than ``who``."""
        since = next((w.since for w in self.waiters if w.who == who), now)
        return not any(
            w.who not in {0, who} and w.seen > now - _WAITING_S and w.since < since for w in self.waiters
        )

    def wait(self, now: float, who: int) -> None:
        """Note that ``who`` waits, and since when."""
        for waiter in self.waiters:
            if waiter.who == who:
                waiter.seen = now
                return
        for waiter in self.waiters:
            if waiter.who == 0 or waiter.seen <= now - _WAITING_S:
                waiter.who, waiter.since, waiter.seen = who, now, now
                return

    def leave(self, who: int) -> None:
        """Note that ``who`` waits no longer."""
        for waiter in self.waiters:
            if waiter.who == who:
                waiter.who = 0

    def pack(self) -> bytes:
        """Return the state as bytes, slots last."""
        parts = [_HEAD.pack(self.next_at, self.paused_until)]
        parts += [_ENTRY.pack(w.who, w.since, w.seen) for w in self.waiters]
        parts += [_ENTRY.pack(s.owner, s.free_at, s.kept_until) for s in self.slots]
        return b"".join(parts)

    def unpack(self, data: bytes, now: float, furthest_s: float) -> None:
        """Take the state from bytes, or begin anew where they cannot be right.

        What is not known, a state that is lost or a slot that is new, counts as a call that was answered just now.
        """
        size = _HEAD.size + _QUEUE * _ENTRY.size
        sound = len(data) >= size and (len(data) - size) % _ENTRY.size == 0
        if sound:
            entries = list(_ENTRY.iter_unpack(data[_HEAD.size :]))
            head = _HEAD.unpack_from(data)
            latest = now + furthest_s + 2 * self.period
            sound = all(0 <= time <= latest for time in (*head, *(t for _, *pair in entries for t in pair)))
        if sound:
            self.next_at, self.paused_until = head
            self.waiters = [_Waiter(*entry) for entry in entries[:_QUEUE]]
            self.slots = [Slot(*entry) for entry in entries[_QUEUE:]]
        else:
            self.next_at = self.paused_until = 0.0
            self.waiters = [_Waiter() for _ in range(_QUEUE)]
            self.slots = []
        self.slots += [Slot(0, now + self.period) for _ in range(self.count - len(self.slots))]


def reserve(lanes: Sequence[Lane], now: float, who: int, owner: int) -> Reservation | None:
    """Return a place in every lane for the caller ``who``, or None where it must ask again shortly.

    Whoever asked first is served first; a caller is to hold one unconfirmed reservation at a time, so that
    callers share equally however many calls each of them has.
    """
    found = [(lane, lane.soonest(now) if lane.is_first(now, who) else None) for lane in lanes]
    places: list[tuple[Lane, int, float]] = []
    for lane, place in found:
        if place is None:
            lane.wait(now, who)
        else:
            lane.leave(who)
            places.append((lane, place[1], place[0]))
    if len(places) < len(lanes):
        return None
    at = max(own_at for _, _, own_at in places)
    for lane, number, own_at in places:
        lane.take(number, owner, own_at, at + _GRACE_S)
    return Reservation(owner, at, tuple((lane, number) for lane, number, _ in places))
