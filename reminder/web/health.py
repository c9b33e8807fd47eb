"""Whether this node lives, and whether it can work: codes for machines, no details."""

from datetime import timedelta
from typing import Protocol

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from reminder.model.clock import Clock
from reminder.model.readiness import Readiness


class Health(Protocol):
    """What knows whether this installation can work."""

    async def ready(self) -> Readiness:
        """How it stands now."""


def health_routes(health: Health, clock: Clock, ready_limit: timedelta) -> APIRouter:
    """The two addresses a supervisor or load balancer asks."""
    router = APIRouter(prefix="/health")

    @router.api_route("/live", methods=["GET", "HEAD"])
    async def live() -> Response:
        """The process answers."""
        return JSONResponse({"status": "live"})

    @router.api_route("/ready", methods=["GET", "HEAD"])
    async def ready() -> Response:
        """Database, migrations and the age of the last sync are as they should be."""
        readiness = await health.ready()
        checks = {
            "database": "pass" if readiness.database else "fail",
            "migrations": "pass" if readiness.schema else "fail",
            "sync": _sync(readiness, clock, ready_limit),
        }
        is_ready = all(verdict == "pass" for verdict in checks.values())
        status = "ready" if is_ready else "not-ready"
        content = {"status": status, "checks": checks}
        return JSONResponse(content, status_code=200 if is_ready else 503)

    return router


def _sync(readiness: Readiness, clock: Clock, limit: timedelta) -> str:
    if readiness.last_sync_at is None:
        return "never"
    return "pass" if clock() - readiness.last_sync_at <= limit else "stale"
