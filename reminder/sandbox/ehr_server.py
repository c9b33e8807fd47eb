"""The pretended EHR: SEKMET, an independent FHIR R4 server, as a process of its own."""

import asyncio
import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import orjson

from reminder.sandbox.clinics import Resource
from reminder.sandbox.errors import SandboxError
from reminder.sandbox.serving import free_port, loopback_client

_STARTS_WITHIN_S = 60
_ENDS_WITHIN_S = 10
_BATCH = 400
_FHIR_JSON = {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"}


class EHRServer:
    """A running SEKMET, reached over HTTP only.

    Its database and log lie in its folder and hold everything it sees. Its
    simulator and traffic log are off: nobody but us changes an Appointment.

    Args:
        folder: an existing folder; what an earlier server left there is removed.
        public_url: the FHIR base URL it names in its links, the proxy's.
    """

    def __init__(self, folder: Path, public_url: str) -> None:
        self._port = free_port()
        self.base_url = f"http://127.0.0.1:{self._port}/fhir"
        self._folder = folder.resolve()
        self._public_url = public_url
        self._process: subprocess.Popen[bytes] | None = None
        self._client = loopback_client(f"{self.base_url}/", timeout_s=60)

    async def start(self) -> None:
        """Start it and wait until it answers, about a second.

        Raises:
            SandboxError: it is not installed, or ends by itself.
        """
        self._process = self._launch()
        async with asyncio.timeout(_STARTS_WITHIN_S):
            while not await self._answers():
                if self._process.poll() is not None:
                    raise SandboxError("sekmet ended; its log says why")
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End the process, by its own id."""
        await self._client.aclose()
        if self._process is None:
            return
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, _ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)

    async def load(
        self,
        resources: Sequence[Resource],
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Store the resources under their own ids.

        `progress` is told how many are stored so far.

        Raises:
            SandboxError: the server refused one of them.
        """
        # One transaction after the other: the server has one writer, and a
        # transaction of hundreds costs it a third of as many single writes.
        for first in range(0, len(resources), _BATCH):
            batch = resources[first : first + _BATCH]
            await self._store(batch)
            if progress is not None:
                progress(first + len(batch))

    async def read(self, reference: str) -> Resource:
        """The resource of that reference, such as `Appointment/visit-0001`."""
        return await self._get(reference)

    async def search(self, query: str) -> list[Resource]:
        """The first page of a search, such as `Slot?status=free`, with its includes."""
        bundle = await self._get(query)
        return [entry["resource"] for entry in bundle.get("entry", [])]

    async def _get(self, path: str) -> Resource:
        answer = await self._client.get(path)
        answer.raise_for_status()
        found: Resource = orjson.loads(answer.content)
        return found

    async def _store(self, resources: Sequence[Resource]) -> None:
        bundle = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [_put(resource) for resource in resources],
        }
        answer = await self._client.post(
            "", content=orjson.dumps(bundle), headers=_FHIR_JSON
        )
        if answer.status_code != httpx.codes.OK:
            raise SandboxError(f"sekmet refused to store: HTTP {answer.status_code}")

    async def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return (await self._client.get("metadata")).is_success
        return False

    def _launch(self) -> "subprocess.Popen[bytes]":
        for left in self._folder.glob("ehr.db*"):
            left.unlink()
        settings = self._folder / "ehr.yaml"
        settings.write_text(json.dumps(self._settings()))  # JSON is YAML.
        command = [_sekmet(), "serve", "--config", str(settings)]
        command += ["--host", "127.0.0.1", "--port", str(self._port)]
        with (self._folder / "ehr.log").open("wb") as log:
            # A session of its own: Ctrl-C is for us, and we stop it in turn.
            return subprocess.Popen(  # noqa: S603 - our own words only
                command,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _settings(self) -> dict[str, object]:
        return {
            "base_url": self._public_url,
            "db_path": str(self._folder / "ehr.db"),
            "log_inbound": False,
            "simulator": {"enabled": False},
        }


def _put(resource: Resource) -> Resource:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url}}


def _sekmet() -> str:
    beside = Path(sys.executable).with_name("sekmet")
    found = str(beside) if beside.exists() else shutil.which("sekmet")
    if found is None:
        raise SandboxError("sekmet is missing: install reminder with its sandbox extra")
    return found
