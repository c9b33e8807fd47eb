"""No engine runs here: what the files name is checked against what exists."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.main import get_command

from reminder.cli.main import app
from reminder.settings.load import from_text
from reminder.store.keyring import KeyRing

TOP = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((TOP / "docker-compose.yml").read_text())
OURS = {
    name: service
    for name, service in COMPOSE["services"].items()
    if service.get("image") == "reminder"
}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the secrets, is not installed")
    folder = tmp_path_factory.mktemp("secrets")
    subprocess.run(["/bin/sh", TOP / "deploy/secrets.sh", folder], check=True)  # noqa: S603 - our own script
    return folder


def test_every_secret_named_is_one_the_script_makes(secrets: Path) -> None:
    for secret in COMPOSE["secrets"].values():
        assert (secrets / Path(secret["file"]).name).stat().st_size > 0


def test_every_service_uses_only_declared_secrets_networks_and_volumes() -> None:
    for service in COMPOSE["services"].values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", [])) <= set(COMPOSE["services"])


def test_every_file_named_exists() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            exists = (TOP / source).exists() if source.startswith(".") else True
            assert exists, source
            if not source.startswith("."):
                assert source in COMPOSE["volumes"]
        if (build := service.get("build")) is not None:
            assert (TOP / build / "Dockerfile").exists()


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_the_command_line_knows(name: str) -> None:
    command = get_command(app)
    words = list(OURS[name]["command"])
    context = typer.Context(command)
    while words:
        found, command, words = command.resolve_command(context, words)
        assert command is not None, found
        if not hasattr(command, "resolve_command"):
            command.make_context(found, words, parent=context)
            break


def test_only_the_proxy_publishes_ports_and_the_node_can_be_scaled() -> None:
    publishing = {name for name, one in COMPOSE["services"].items() if "ports" in one}

    assert publishing == {"proxy"}
    assert "container_name" not in COMPOSE["services"]["node"]


def test_the_settings_of_the_containers_are_valid(secrets: Path) -> None:
    text = (TOP / "deploy/reminder.toml").read_text()
    named = set(re.findall(r"/run/secrets/([\w-]+)", text))
    files = {name: Path(one["file"]).name for name, one in COMPOSE["secrets"].items()}
    for name in named:
        text = text.replace(f'/run/secrets/{name}"', f'{secrets / files[name]}"')

    loaded = from_text(text, "reminder.toml", TOP)

    assert named <= set(COMPOSE["services"]["node"]["secrets"])
    ring = loaded.settings.keys.ring
    assert ring is not None
    assert KeyRing.from_text(ring.get_secret_value()).check
    assert loaded.settings.database.password is not None


def test_every_variable_named_is_one_somebody_sets() -> None:
    used = set(re.findall(r"\$\{(\w+)", (TOP / "docker-compose.yml").read_text()))
    proxy = set(re.findall(r"\{\$(\w+)", (TOP / "deploy/Caddyfile").read_text()))
    relay = set(re.findall(r"\$\{(\w+)", (TOP / "deploy/relay/start").read_text()))
    page = (TOP / "docs/it.md").read_text()

    assert proxy <= set(COMPOSE["services"]["proxy"]["environment"])
    assert relay <= set(COMPOSE["services"]["relay"]["environment"])
    assert all(variable in page for variable in used)


def test_the_image_is_built_from_files_that_exist() -> None:
    dockerfile = (TOP / "Dockerfile").read_text()
    ignored = (TOP / ".dockerignore").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)

    for name in " ".join(copied).split():
        assert (TOP / name).exists(), name
        assert f"!{Path(name).name}" in ignored
    assert "\nUSER 10001\n" in dockerfile
    assert "HEALTHCHECK" in dockerfile


def test_what_runs_in_the_image_is_pinned_as_in_the_one_lock_file() -> None:
    def pins(name: str) -> set[str]:
        text = (TOP / name).read_text()
        return set(re.findall(r"^([\w.-]+(?:\[\w+\])?==\S+)", text, re.MULTILINE))

    run = pins("requirements-run.lock")

    assert len(run) > 40
    assert run <= pins("requirements.lock")


def test_the_relays_settings_are_ones_postfix_knows() -> None:
    postconf = shutil.which("postconf", path="/usr/sbin:/usr/bin")
    if postconf is None:
        pytest.skip("postfix is not installed")
    answer = subprocess.run(  # noqa: S603 - a fixed command
        [postconf, "-n", "-c", TOP / "deploy/relay"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "unused parameter" not in answer.stderr
    assert "smtpd_tls_security_level = encrypt" in answer.stdout
