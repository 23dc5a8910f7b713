"""The house: rooms stand on floors, imports go down, and a few names may occur in one room alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIB = ROOT / "lib" / "sillok"

FLOOR = {
    **dict.fromkeys(["errors", "clock"], 0),
    **dict.fromkeys(["kis", "store", "objects", "measures", "kernels"], 1),
    **dict.fromkeys(["market", "risk"], 2),
    **dict.fromkeys(["ingest", "portfolio"], 3),
    **dict.fromkeys(["runs", "charts", "panels"], 4),
    **dict.fromkeys(["settings", "desk", "pages"], 5),
    **dict.fromkeys(["readingroom", "sandbox", "node"], 6),
    "cli": 7,
}

MUST_NOT_KNOW = {
    "kis": {"store", "settings"},
    "store": {"kis", "market"},
    "objects": {"store"},
    "market": {"kis"},
    "ingest": {"market", "runs"},
    "portfolio": {"store"},
    "charts": {"kis"},
    "panels": {"kis"},
    "sandbox": {"readingroom", "node", "store"},
    "readingroom": {"sandbox", "node"},
}

# A library that may be imported in these places alone.
ONLY_IN = {
    "prefect": {"flows"},
    "papermill": {"runs"},
    "ipywidgets": {"panels"},
    "minio": {"objects"},
    "alembic": {"store"},
    "cvxpy": {"portfolio"},
    "typer": {"cli", "sandbox"},
    "dotenv": set(),
}

PURE = {"measures", "risk", "portfolio"}  # no disk, network or clock
IMPURE = {
    "socket",
    "requests",
    "httpx",
    "aiohttp",
    "sqlalchemy",
    "os",
    "pathlib",
    "time",
    "shutil",
    "subprocess",
}


def _room(path: Path) -> str:
    part = path.relative_to(LIB).parts[0]
    return part.removesuffix(".py")


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides its floor"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _sources() -> list[Path]:
    return [p for p in LIB.rglob("*.py") if p != LIB / "__init__.py"]


def _rooms_imported(path: Path) -> set[str]:
    rooms = {name.split(".")[1] for name in _imports(path) if name.startswith("sillok.")}
    return {room for room in rooms if room in FLOOR}


def _modules_imported(path: Path, modules: set[str]) -> set[str]:
    """``from room import module`` is an import of the module; of a name in it, an import of the room."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= inside & modules or {node.module}
    return found & modules


def test_every_room_stands_on_a_known_floor() -> None:
    assert {_room(p) for p in _sources()} <= set(FLOOR)


@pytest.mark.parametrize("path", _sources(), ids=lambda p: str(p.relative_to(LIB)))
def test_imports_go_downwards(path: Path) -> None:
    room = _room(path)
    for other in _rooms_imported(path) - {room}:
        assert FLOOR[other] <= FLOOR[room], (
            f"{room} (floor {FLOOR[room]}) imports {other} (floor {FLOOR[other]})"
        )
        assert other not in MUST_NOT_KNOW.get(room, set()), f"{room} must not know {other}"
        assert room != "kernels", "kernels is a package of its own: it knows no other room"


def test_no_two_rooms_import_each_other_in_a_ring() -> None:
    graph: dict[str, set[str]] = {room: set() for room in FLOOR}
    for path in _sources():
        graph[_room(path)] |= _rooms_imported(path) - {_room(path)}
    done: set[str] = set()

    def walk(room: str, trail: tuple[str, ...]) -> None:
        assert room not in trail, " -> ".join((*trail, room))
        if room not in done:
            for other in graph[room]:
                walk(other, (*trail, room))
            done.add(room)

    for room in graph:
        walk(room, ())


def test_no_modules_import_each_other_in_a_ring() -> None:
    def name(path: Path) -> str:
        return ".".join(("sillok", *path.relative_to(LIB).with_suffix("").parts)).removesuffix(".__init__")

    modules = {name(p): p for p in _sources()}
    graph = {m: _modules_imported(p, set(modules)) - {m} for m, p in modules.items()}
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join((*trail, module))
        if module not in done:
            for other in sorted(graph[module]):
                walk(other, (*trail, module))
            done.add(module)

    for module in graph:
        walk(module, ())


@pytest.mark.parametrize(("library", "rooms"), ONLY_IN.items())
def test_a_library_stays_in_its_room(library: str, rooms: set[str]) -> None:
    users = {_room(p) for p in _sources() if any(i.split(".")[0] == library for i in _imports(p))}
    users |= {
        "flows" for p in (ROOT / "flows").glob("*.py") if any(i.split(".")[0] == library for i in _imports(p))
    }
    assert users <= rooms


@pytest.mark.parametrize("room", sorted(PURE))
def test_a_pure_room_knows_no_disk_network_or_clock(room: str) -> None:
    for path in _sources():
        if _room(path) == room:
            assert not {i.split(".")[0] for i in _imports(path)} & IMPURE, path


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        str(p.relative_to(LIB))
        for p in _sources()
        if re.search(r"os\.environ\.get|os\.getenv|os\.environ\[[^\]]+\](?!\s*=)", p.read_text())
    }
    # `cli/words.py` reads the locale, before any setting is read; `kernels/` hands whole environments over, and has
    # no setting of ours.
    assert {r for r in readers if not r.startswith("kernels/")} <= {"settings.py", "cli/words.py"}


def test_the_vendors_field_names_occur_in_its_schema_alone() -> None:
    for path in _sources():
        if _room(path) not in {"kis", "sandbox"}:
            assert not re.search(r"stck_|FID_|bstp_nmix|CTX_AREA", path.read_text()), path


def test_no_room_is_a_drawer_for_odds_and_ends() -> None:
    assert not [p for p in _sources() if re.fullmatch(r"utils?|helpers?|common|misc", p.stem)]


def test_public_names_are_said_and_exist() -> None:
    for path in _sources():
        tree = ast.parse(path.read_text())
        public = [
            n.name
            for n in tree.body
            if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not n.name.startswith("_")
        ]
        said = [
            ast.literal_eval(n.value)
            for n in tree.body
            if isinstance(n, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "__all__" for t in n.targets)
        ]
        if public and "migrations" not in path.parts:
            assert said, f"{path} has public names and no __all__"
            assert set(said[0]) >= set(public), (path, set(public) - set(said[0]))
