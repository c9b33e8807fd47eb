"""Starts SEKMET, an independent FHIR R4 server, as a process of its own.

It is spoken to over HTTP only and never imported: its logging and its traffic
table keep what they see, so its folder belongs to the test that started it.
"""

import asyncio
import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

STARTS_WITHIN_S = 60
"""Several test processes may start servers at the same time on two cores."""

Resource = dict[str, Any]


@dataclass
class SEKMET:
    """A running server and the few things a test does behind Reminder's back."""

    base_url: str
    process: subprocess.Popen[bytes] = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    async def put(self, *resources: Resource) -> None:
        """Store the resources under their own ids, all in one request."""
        entries = [
            {
                "resource": resource,
                "request": {
                    "method": "PUT",
                    "url": f"{resource['resourceType']}/{resource['id']}",
                },
            }
            for resource in resources
        ]
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        answer = await self._ask("POST", "", bundle)
        refused = [
            entry["response"]
            for entry in answer["entry"]
            if not entry["response"]["status"].startswith("20")
        ]
        assert not refused, refused

    async def read(self, resource_type: str, resource_id: str) -> Resource:
        """The resource as the server holds it now."""
        return await self._ask("GET", f"/{resource_type}/{resource_id}")

    async def search(self, query: str) -> list[Resource]:
        """What matches, such as `Communication?identifier=1`; the first page of it."""
        bundle = await self._ask("GET", f"/{query}")
        return [
            entry["resource"]
            for entry in bundle.get("entry", [])
            if entry["search"]["mode"] == "match"
        ]

    async def delete(self, resource_type: str, resource_id: str) -> None:
        """Delete the resource; reading it is 410 from then on."""
        await self._ask("DELETE", f"/{resource_type}/{resource_id}")

    async def _ask(
        self, method: str, path: str, body: Resource | None = None
    ) -> Resource:
        async with _client() as client:
            answer = await client.request(
                method, self.base_url + path, json=body, headers=self.headers
            )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def stop(self) -> None:
        """End the process, by its own id, and wait until it is gone."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


async def start(
    folder: Path,
    *,
    port: int | None = None,
    base_url: str | None = None,
    settings: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> SEKMET:
    """Start a server whose database lies in `folder`, and wait until it answers.

    Args:
        folder: an existing folder of the test's own; a second start in the
            same folder goes on with the same resources.
        port: where it listens; by default a free one.
        base_url: what it says its own address is, where a proxy stands before it.
        settings: further settings of SEKMET, such as its `server_auth`.
        headers: what the test's own requests carry, such as `Authorization`.
    """
    port = port or _free_port()
    own_url = f"http://127.0.0.1:{port}/fhir"
    process = _launch(folder, port, base_url or own_url, settings)
    server = SEKMET(own_url, process, dict(headers or {}))
    try:
        async with asyncio.timeout(STARTS_WITHIN_S):
            await _answers(server)
    except BaseException:
        server.stop()
        raise
    return server


@contextlib.asynccontextmanager
async def running(folder: Path, **arguments: Any) -> AsyncIterator[SEKMET]:
    """As `start`, and stop it at the end."""
    server = await start(folder, **arguments)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def running_sync(folder: Path, **arguments: Any) -> Iterator[SEKMET]:
    """As `running`, for a fixture that lives longer than one event loop."""
    server = asyncio.run(start(folder, **arguments))
    try:
        yield server
    finally:
        server.stop()


def _client() -> httpx.AsyncClient:
    # A context without certificates: the server is on loopback, in plain HTTP.
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(trust_env=False, verify=tls)


def _launch(
    folder: Path, port: int, base_url: str, settings: Mapping[str, Any] | None
) -> subprocess.Popen[bytes]:
    configuration = folder / "settings.yaml"
    configuration.write_text(json.dumps(settings or {}))  # JSON is YAML.
    environment = {
        "PATH": os.defpath,  # Nothing else of ours: no proxy, no stray SEKMET_ word.
        "SEKMET_BASE_URL": base_url,
        "SEKMET_DB": str(folder / "sekmet.db"),
        "SEKMET_CONFIG": str(configuration),
    }
    command = [str(Path(sys.executable).with_name("sekmet")), "serve"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    with (folder / "sekmet.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own words only
            command, cwd=folder, env=environment, stdout=log, stderr=log
        )


async def _answers(server: SEKMET) -> None:
    async with _client() as client:
        while server.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                await client.get(f"{server.base_url}/metadata", timeout=10)
                return
            await asyncio.sleep(0.05)
    raise RuntimeError(f"SEKMET ended with {server.process.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
