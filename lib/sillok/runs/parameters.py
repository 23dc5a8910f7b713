"""Parameters cannot be code: one typed schema, read from the notebook, stands before every way in.

The cell tagged ``parameters`` holds one literal a line, with annotation and comment::

    lookback: int = 250  # 거래일, 60..1000
    universe: Literal["KOSPI", "KOSDAQ", "ALL"] = "KOSPI"

It is parsed, never executed. papermill would write any ``name = value`` it is handed into the kernel and only
logs a name that it does not know.
"""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model

from sillok.errors import ParameterError

__all__ = ["Parameter", "ParameterSchema", "parse_parameters", "read_parameters"]

_PLAIN: dict[str, Any] = {"int": int, "float": float, "str": str, "bool": bool}
_LISTS: dict[str, Any] = {"int": list[int], "float": list[float], "str": list[str], "bool": list[bool]}
_RANGE = re.compile(r"(?P<low>-?\d[\d_]*(?:\.\d+)?)\s*\.\.\s*(?P<high>-?\d[\d_]*(?:\.\d+)?)")
_TEXT_LIMIT = 1000  # characters; a parameter is a choice, not a document


@dataclass(frozen=True, slots=True)
class Parameter:
    """One typed parameter of a notebook."""

    name: str
    annotation: Any
    default: Any
    note: str  # the comment behind the line
    low: float | None = None
    high: float | None = None

    def describe(self) -> str:
        """Return the parameter in one line for a person: name, what it accepts, default."""
        choices = getattr(self.annotation, "__args__", None)
        if getattr(self.annotation, "__origin__", None) is Literal and choices:
            accepts = " | ".join(json.dumps(c, ensure_ascii=False) for c in choices)
        else:
            accepts = getattr(self.annotation, "__name__", str(self.annotation))
            if getattr(self.annotation, "__origin__", None) is not None:
                accepts = str(self.annotation)
        span = (
            f" {_plain(self.low)}..{_plain(self.high)}"
            if self.low is not None and self.high is not None
            else ""
        )
        return f"{self.name}: {accepts}{span} = {json.dumps(self.default, ensure_ascii=False)}"


def _plain(bound: float) -> str:
    return f"{bound:.0f}" if bound == int(bound) else f"{bound:g}"


@dataclass(frozen=True, slots=True)
class ParameterSchema:
    """What a notebook accepts: ``parameters`` in their order, and the pydantic ``model`` made of them."""

    notebook: str
    parameters: tuple[Parameter, ...]
    model: type[BaseModel]

    def validate(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return every parameter, typed: ``values`` over the notebook's defaults.

        A string for a parameter that is not a string is read as its type, as a command line, a form or an
        address gives it; any other value must have the type already (``True`` is not an ``int``).

        Raises
        ------
        ParameterError
            An unknown name, a wrong type or a value out of range; the message lists what is allowed.
        """
        known = {p.name: p for p in self.parameters}
        faults = [f"there is no parameter {name!r}" for name in values if name not in known]
        typed: dict[str, object] = {}
        for name, value in values.items():
            if name in known:
                try:
                    typed[name] = _read_text(known[name], value) if isinstance(value, str) else value
                except (ValidationError, ValueError):
                    faults.append(f"{name}={value!r} cannot be read")
        if not faults:
            try:
                return self.model.model_validate(typed, strict=True).model_dump()
            except ValidationError as err:
                faults = [f"{_where(e)}={e['input']!r}: {e['msg']}" for e in err.errors()]
        allowed = "; ".join(p.describe() for p in self.parameters) or "none"
        raise ParameterError(
            f"{self.notebook}: {'; '.join(faults)}. Allowed: {allowed}",
            faults=faults,
            allowed=[p.describe() for p in self.parameters],
        )


def _where(error: Any) -> str:
    return ".".join(str(part) for part in error["loc"])


def _read_text(parameter: Parameter, value: str) -> object:
    kind = parameter.annotation
    if kind is str:
        return value
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    if getattr(kind, "__origin__", None) is list:
        return adapter.validate_json(value, strict=True)
    if getattr(kind, "__origin__", None) is Literal and value in kind.__args__:
        return value
    return adapter.validate_strings(value)


def read_parameters(notebook: Path) -> ParameterSchema:
    """Read the schema from the cell of ``notebook`` that is tagged ``parameters``; nothing is executed.

    A notebook without such a cell accepts no parameter.

    Raises
    ------
    ParameterError
        If the file is no notebook, or the cell holds anything but annotated literals.
    """
    try:
        document = json.loads(notebook.read_text(encoding="utf-8"))
        cells = document["cells"]
    except FileNotFoundError as err:
        raise ParameterError(f"there is no notebook {notebook}; look with `ls notebooks dashboards`") from err
    except (json.JSONDecodeError, KeyError, TypeError, UnicodeDecodeError) as err:
        raise ParameterError(f"{notebook} is not a notebook (nbformat 4): {err}") from err
    for cell in cells:
        if cell.get("cell_type") == "code" and "parameters" in cell.get("metadata", {}).get("tags", []):
            source = cell["source"]
            return parse_parameters("".join(source) if isinstance(source, list) else source, notebook.name)
    return parse_parameters("", notebook.name)


def parse_parameters(source: str, notebook: str) -> ParameterSchema:
    """Make the schema out of the source of a parameters cell.

    Raises
    ------
    ParameterError
        Naming the line that is not ``name: type = literal``, or a default that its own rule refuses.
    """
    try:
        body = ast.parse(source).body
        notes = _comments(source)
    except (SyntaxError, tokenize.TokenError) as err:
        raise ParameterError(f"{notebook}: the parameters cell is not Python: {err}") from err
    parameters = tuple(_parameter(statement, notes, notebook) for statement in body)
    fields: dict[str, Any] = {
        p.name: (
            p.annotation,
            Field(default=p.default, description=p.note or None, validate_default=True, **_limits(p)),
        )
        for p in parameters
    }
    config = ConfigDict(extra="forbid", protected_namespaces=(), hide_input_in_errors=False)
    model = cast("type[BaseModel]", create_model("Parameters", __config__=config, **fields))
    try:
        model.model_validate({}, strict=True)
    except ValidationError as err:
        faults = "; ".join(f"{_where(e)}: {e['msg']}" for e in err.errors())
        raise ParameterError(f"{notebook}: a default breaks its own rule: {faults}") from err
    return ParameterSchema(notebook=notebook, parameters=parameters, model=model)


def _limits(parameter: Parameter) -> dict[str, Any]:
    if parameter.annotation is str:
        return {"max_length": _TEXT_LIMIT}
    if parameter.annotation is float:
        return {"ge": parameter.low, "le": parameter.high, "allow_inf_nan": False}
    return {"ge": parameter.low, "le": parameter.high} if parameter.annotation is int else {}


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ").strip() for t in tokens if t.type == tokenize.COMMENT}


def _parameter(statement: ast.stmt, notes: dict[int, str], notebook: str) -> Parameter:
    line = ast.unparse(statement)
    rule = "write `name: type = literal  # note, low..high`"
    if (
        not isinstance(statement, ast.AnnAssign)
        or not isinstance(statement.target, ast.Name)
        or statement.value is None
    ):
        raise ParameterError(f"{notebook}: `{line}` in the parameters cell is no parameter; {rule}")
    if statement.target.id.startswith("_"):
        raise ParameterError(f"{notebook}: parameter `{line}` begins with an underscore; rename it")
    try:
        default = ast.literal_eval(statement.value)
    except ValueError as err:
        raise ParameterError(f"{notebook}: `{line}` is computed, not a literal; {rule}") from err
    note = notes.get(statement.end_lineno or statement.lineno, "")
    found = _RANGE.search(note)
    low, high = (float(found["low"]), float(found["high"])) if found else (None, None)
    return Parameter(
        statement.target.id, _kind(statement.annotation, line, notebook), default, note, low, high
    )


def _kind(node: ast.expr, line: str, notebook: str) -> Any:
    if isinstance(node, ast.Name) and node.id in _PLAIN:
        return _PLAIN[node.id]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        if node.value.id == "list" and isinstance(node.slice, ast.Name) and node.slice.id in _LISTS:
            return _LISTS[node.slice.id]
        if node.value.id == "Literal":
            options = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if all(isinstance(o, ast.Constant) and isinstance(o.value, str | int) for o in options):
                return Literal[tuple(ast.literal_eval(o) for o in options)]
    raise ParameterError(
        f"{notebook}: `{line}` has a type that is not offered; use int, float, str, bool, list of these, or Literal"
    )
