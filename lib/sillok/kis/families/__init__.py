"""The calls beyond the core of the client, by what they are about: ``client.quotes``, ``client.funds``, ..."""

from __future__ import annotations

from sillok.kis.calls import Calls
from sillok.kis.families.account import Account
from sillok.kis.families.bonds import Bonds
from sillok.kis.families.events import Events
from sillok.kis.families.finance import Finance
from sillok.kis.families.funds import Funds
from sillok.kis.families.indices import Indices
from sillok.kis.families.investors import Investors
from sillok.kis.families.issues import Issues
from sillok.kis.families.overseas import Overseas
from sillok.kis.families.quotes import Quotes

__all__ = ["Families"]


class Families:
    """What a client has beside its own methods. All of it reads; nothing here can order.

    A row is a NamedTuple in our names, so that ``pandas.DataFrame(rows)`` has them as columns; a method's help
    lists them with their units. What the vendor leaves blank is None.
    """

    def __init__(self, calls: Calls) -> None:
        self.quotes = Quotes(calls)
        self.indices = Indices(calls)
        self.investors = Investors(calls)
        self.issues = Issues(calls)
        self.finance = Finance(calls)
        self.events = Events(calls)
        self.funds = Funds(calls)
        self.bonds = Bonds(calls)
        self.overseas = Overseas(calls)
        self.account = Account(calls)
