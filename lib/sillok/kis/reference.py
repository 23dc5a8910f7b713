"""The README of this room, made of the methods' own words and the schema: ``python -m sillok.kis.reference``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from sillok.kis import families, records, schema
from sillok.kis.client import Client
from sillok.kis.core import Core
from sillok.kis.families.family import Family
from sillok.kis.rows import describe

__all__ = ["reference"]

_HEAD = """\
# kis

The Korea Investment & Securities Open API: schema, token, throttle, client. It reads; it cannot send an order.

```python
async with kis.Client(...) as client:  # in a notebook: kis.connect(...), the same names without await
    bars = await client.raw_bars("005930", date(2026, 1, 2), date(2026, 7, 1))
    frame = pandas.DataFrame(await client.funds.nav_days("069500", date(2026, 1, 2), date(2026, 7, 1)))
```

- `end` is exclusive, series come oldest first and whole: the pages, page sizes and keys of the vendor stay inside.
- Money is in whole KRW (`_krw`) whatever unit the vendor counts in, shares in shares, ratios in per cent (`_pct`);
  prices at home are integers, abroad and averages `Decimal`; times are aware, dates are dates.
- What the vendor leaves blank, or fills with 99.99 for "not provided", is None and never 0.
- A field that is missing or cannot be read raises `FatalVendorError` with call, row and field; new fields do no harm.
- The paper host lacks most calls (no mark below): they raise `ConfigError` before anything is sent, as do calls about
  the account without its number.

This page is made by `python -m sillok.kis.reference > lib/sillok/kis/README.md`.
"""


def _first_sentence(thing: object) -> str:
    text = inspect.getdoc(thing) or ""
    return " ".join(text.split("\n\n", maxsplit=1)[0].split()).replace("|", "\\|").replace("``", "`")


def _methods(owner: object) -> Iterator[tuple[str, Any]]:
    kind = owner if inspect.isclass(owner) else type(owner)
    for name, method in vars(kind).items():
        if inspect.iscoroutinefunction(method) and not name.startswith("_"):
            yield name, method


def _columns(call: str, keys: tuple[str, ...]) -> Iterator[str]:
    for key in keys or ("",):
        told = [
            f"`{name}` {', '.join(filter(None, (kind, unit)))}" for name, kind, unit, _ in describe(call, key)
        ]
        yield f"{'; '.join(told)}."


def _core() -> Iterator[str]:
    yield "## The client itself\n"
    yield "| method | what it returns |"
    yield "| --- | --- |"
    for name, method in [*_methods(Core), *_methods(Client)]:
        yield f"| `{name}` | {_first_sentence(method)} |"
    yield "\n| record | columns |"
    yield "| --- | --- |"
    for name in records.__all__:
        record = getattr(records, name)
        columns = getattr(record, "_fields", None) or tuple(record.__slots__)
        yield f"| `{name}` | {', '.join(f'`{column}`' for column in columns)} |"


def _family(name: str, family: Family) -> Iterator[str]:
    yield f"\n## client.{name}\n"
    yield f"{_first_sentence(family)}\n"
    yield "| method | what it returns | paper host |"
    yield "| --- | --- | --- |"
    methods = list(_methods(family))
    for method_name, method in methods:
        paper = "yes" if schema.ENDPOINTS[method.call].tr_id_paper else ""
        yield f"| `{method_name}` | {_first_sentence(method)} | {paper} |"
    for method_name, method in methods:
        yield f"\n<details><summary>columns of <code>{method_name}</code></summary>\n"
        yield "\n\n".join(_columns(method.call, method.keys))
        yield "\n</details>"


def reference() -> str:
    """Return the README of this room as Markdown."""
    found = families.Families.__new__(families.Families)
    families.Families.__init__(found, calls=None)  # type: ignore[arg-type]
    lines = [_HEAD, *_core()]
    for name, family in vars(found).items():
        lines += _family(name, family)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
