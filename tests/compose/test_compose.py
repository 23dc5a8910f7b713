"""The compose file keeps the house's rules: pinned, healthy, unprivileged, closed, and no secret of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
STACK: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
JOBS = {name for name, service in SERVICES.items() if service["restart"] == "no"}
OURS = {name for name, service in SERVICES.items() if service["image"].startswith("sillok:")}
PINNED = re.compile(r".+:v?\d+\.\d+\.?\d*[\w.-]*(@sha256:[0-9a-f]{64})?")
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?+])?")

every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def _environment(name: str) -> dict[str, str]:
    environment: dict[str, str] = SERVICES[name].get("environment", {})
    return environment


def _example() -> set[str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {line.split("=", 1)[0] for line in lines if re.match(r"[A-Z_]+=", line)}


@every_service
def test_each_service_shows_its_health_or_is_a_job(name: str) -> None:
    assert ("healthcheck" in SERVICES[name]) != (name in JOBS)
    if name in JOBS:
        return
    assert {"test", "interval", "timeout", "retries", "start_period"} <= SERVICES[name]["healthcheck"].keys()
    assert SERVICES[name]["restart"] == "unless-stopped"


@every_service
def test_each_image_is_pinned(name: str) -> None:
    image = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", SERVICES[name]["image"])
    assert PINNED.fullmatch(image), image
    assert "latest" not in image


def test_the_base_image_is_pinned_and_the_same_in_every_stage() -> None:
    bases = re.findall(r"^FROM (\S+)", (ROOT / "jupyter/Dockerfile").read_text(), re.MULTILINE)
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.12\.\d+-slim-\w+", bases[0])


def test_uv_is_the_one_that_the_makefile_installs() -> None:
    in_make = re.search(r"UV_VERSION := (\S+)", (ROOT / "Makefile").read_text())
    in_image = re.search(r"uv==(\S+)", (ROOT / "jupyter/Dockerfile").read_text())
    assert in_make is not None
    assert in_image is not None
    assert in_make[1] == in_image[1]


def test_every_variable_stands_in_the_example() -> None:
    asked = {match[1] for match in VARIABLE.finditer(TEXT)}
    assert asked - _example() == set()


def test_no_secret_has_a_default() -> None:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY")
    for match in VARIABLE.finditer(TEXT):
        if not secret.search(match[1]):
            continue
        rest = TEXT[match.end() :]
        # Refused when empty; the broker's keys alone may be empty, since the sandbox takes none.
        assert match[2] == ":?" or (
            match[1].startswith("SILLOK_KIS_") and match[2] == ":-" and rest[0] == "}"
        )


def test_each_refusal_says_how_to_go_on() -> None:
    refusals = re.findall(r":\?([^}]*)", TEXT)
    assert refusals
    assert all("jupyter/make-env.sh" in refusal for refusal in refusals)


@every_service
def test_each_service_gives_up_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert not any("docker.sock" in volume for volume in service.get("volumes", []))
    if name in OURS:
        assert service["read_only"] is True
        assert "cap_add" not in service


@every_service
def test_each_service_is_bounded_in_memory_and_logs(name: str) -> None:
    assert re.fullmatch(r"\d+g", SERVICES[name]["mem_limit"])
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}


@every_service
def test_ports_are_bound_to_this_machine_unless_told_otherwise(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("${SILLOK_HOST:-127.0.0.1}:")


@every_service
def test_databases_and_objects_are_reached_from_within_alone(name: str) -> None:
    service = SERVICES[name]
    assert service["networks"]
    assert set(service["networks"]) <= set(STACK["networks"])
    if name not in OURS:
        assert service["networks"] == ["back"]
        assert "ports" not in service
    assert STACK["networks"]["back"]["internal"] is True


@every_service
def test_volumes_are_named(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        assert volume.split(":")[0] in STACK["volumes"]


def test_published_pages_are_written_by_the_worker_alone() -> None:
    for name, service in SERVICES.items():
        volumes = service.get("volumes", [])
        if name in {"worker", "sillok"}:
            continue
        assert not any(volume.startswith("private:") for volume in volumes)
        assert all(volume.endswith(":ro") for volume in volumes if volume.startswith(("site:", "live:")))


def test_only_what_loads_the_market_holds_the_brokers_keys() -> None:
    holders = {name for name in SERVICES if _environment(name).get("SILLOK_KIS_APP_SECRET")}
    assert holders == {"worker", "sillok", "keys"}


def test_the_sandbox_is_for_development_and_the_keys_are_asked_first() -> None:
    assert SERVICES["sandbox"]["profiles"] == ["dev"]
    needed = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    # Not optional: Compose starts a service even when an optional one that it stands on has failed.
    assert "profiles" not in SERVICES["keys"]
    assert all("keys" in needed[name] for name in ("migrate", "prefect"))
    assert all("migrate" in needed[name] for name in ("worker", "room", "voila", "lab", "sillok"))


@every_service
def test_a_start_waits_for_what_it_stands_on(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        done = "service_completed_successfully" if other in JOBS else "service_healthy"
        assert how["condition"] == done
        # A service of a profile may be absent; anything else must be there.
        assert how.get("required", True) == ("profiles" not in SERVICES[other])


def test_one_service_alone_builds_our_image() -> None:
    assert [name for name in SERVICES if "build" in SERVICES[name]] == ["migrate"]


def test_files_that_the_services_run_are_in_the_image() -> None:
    for path in re.findall(r"/app/(jupyter/[\w.-]+)", TEXT):
        assert (ROOT / path).is_file(), path
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "jupyter/Dockerfile").read_text(), re.MULTILINE)
    assert ignored[1] == "*"
    for source in " ".join(copied).split():
        assert f"!{source}" in ignored
    assert not any(line.startswith("!.env") for line in ignored)
