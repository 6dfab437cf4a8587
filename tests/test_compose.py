"""compose.yaml is read, not started: tests have no Docker."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.optional import optional

yaml = optional("yaml")
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def test_services_depend_on_others_that_say_when_they_are_ready(compose: dict[str, Any]):
    services = compose["services"]
    assert set(services) == {"app", "store", "worker"}
    for service in services.values():
        for other in service.get("depends_on", {}):
            assert "healthcheck" in services[other]
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in compose["volumes"]


def test_app_and_worker_share_store_folder_and_program(compose: dict[str, Any]):
    app, worker = (compose["services"][name] for name in ("app", "worker"))
    for name in ("environment", "volumes", "build", "image"):
        assert app[name] == worker[name]
    known = (ROOT / "docs" / "reference.md").read_text() + (ROOT / "docs" / "deploy.md").read_text()
    assert all(f"`{name}`" in known or f"{name}=" in known for name in app["environment"])
    assert "@store/" in app["environment"]["MMCLUST_STORE"]
    assert all(port.startswith("127.0.0.1:") for port in app["ports"]), "only this machine without a proxy"


def test_the_image_knows_the_argument_and_its_packages(compose: dict[str, Any]):
    extra = compose["services"]["app"]["build"]["args"]["EXTRA"]
    docker = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^ARG EXTRA", docker, re.MULTILINE) and (ROOT / f"requirements-{extra}.txt").exists()


def test_no_password_is_written_down(compose: dict[str, Any]):
    assert compose["services"]["store"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
