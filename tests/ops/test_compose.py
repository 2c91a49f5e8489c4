"""The containers: what compose makes of our file where its client exists, and the lock in the image everywhere."""

import json
import os
import shutil
import subprocess
from typing import Any

import pytest

from careweb import paths


def _compose() -> list[str] | None:
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode == 0
    ):
        return ["docker", "compose"]
    return None


@pytest.fixture
def services() -> dict[str, Any]:
    compose = _compose()
    if compose is None:
        pytest.skip("docker compose is not on this machine")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CAREWEB_") and name != "PORT"}
    done = subprocess.run(
        [*compose, "config", "--format", "json"], cwd=paths.ROOT, env=clean, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


def test_the_containers_are_those_of_the_design(services: dict[str, Any]) -> None:
    assert set(services) == {"prepare", "web", "worker", "solver", "mail", "db", "valkey"}
    assert "noeviction" in services["valkey"]["command"]
    assert "--appendonly" in services["valkey"]["command"]
    assert services["worker"]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"


def test_only_the_pages_are_reachable_and_only_from_this_machine(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert set(published) == {"web"}
    assert {port["host_ip"] for port in published["web"]} == {"127.0.0.1"}


def test_the_worker_has_no_name_or_port_that_keeps_it_from_scaling(services: dict[str, Any]) -> None:
    assert "container_name" not in services["worker"]
    assert not services["worker"].get("ports")


def test_the_image_installs_from_the_same_lock() -> None:
    text = (paths.ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "pip install --require-hashes --only-binary :all: -r requirements.txt" in text
    installs = [line for line in text.splitlines() if "pip install" in line]
    assert all("--require-hashes" in line or "--no-deps --no-build-isolation" in line for line in installs)


def test_every_folder_that_the_package_ships_is_in_the_image() -> None:
    text = (paths.ROOT / "Dockerfile").read_text(encoding="utf-8")
    for folder in (paths.SQL, paths.TEMPLATES, paths.STATIC, paths.LOCALE, paths.DATA):
        assert f"COPY {folder.name} {folder.name}\n" in text
