"""Puts the web together: pages, callbacks, health, and the guard around them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from reminder.flows.notifications import Notifications
from reminder.flows.receive import Receive
from reminder.flows.replies.taking_in import TakingIn
from reminder.flows.respond.respond import Respond
from reminder.model.clinics import ClinicDirectory
from reminder.model.clock import Clock
from reminder.web.body_limits import BodyLimits
from reminder.web.callbacks import callback_routes
from reminder.web.guard import Guard
from reminder.web.health import Health, health_routes
from reminder.web.notifications import notification_routes
from reminder.web.patient import PatientPages
from reminder.web.render import Pages
from reminder.web.replies import reply_routes
from reminder.web.style import Style
from reminder.web.well_known import NO_KEYS, well_known_routes

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


def create_app(
    *,
    respond: Respond,
    receive: Receive,
    notifications: Notifications,
    replies: TakingIn,
    health: Health,
    clinics: ClinicDirectory,
    clock: Clock,
    templates: Path,
    public_url: str,
    ready_limit: timedelta,
    unavailable: tuple[type[Exception], ...],
    public_keys: bytes = NO_KEYS,
) -> FastAPI:
    """The web as one ASGI application.

    `templates` is the folder of the pages. `unavailable` are the exceptions
    that mean 'later' and become a 503. `public_keys` is the JWK Set of this
    installation.
    """
    public = urlsplit(public_url)
    style = Style.read(templates / "pages.css")
    pages = Pages(
        templates,
        base=public.path.rstrip("/"),
        style_name=style.name,
        clinics=clinics.clinics,
    )
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    app.include_router(PatientPages(respond, pages).routes())
    app.include_router(callback_routes(receive))
    app.include_router(reply_routes(replies))
    app.include_router(notification_routes(notifications))
    app.include_router(health_routes(health, clock, ready_limit))
    app.include_router(well_known_routes(public_keys))
    _serve_style(app, style)
    _show_problems(app, pages)
    app.add_middleware(BodyLimits)
    hosts = _LOOPBACK | {(public.hostname or "").lower()}
    app.add_middleware(
        Guard, hosts=hosts, unavailable=unavailable, problem=pages.problem
    )
    return app


def _serve_style(app: FastAPI, style: Style) -> None:
    @app.api_route("/static/{name}", methods=["GET", "HEAD"])
    async def static(name: str) -> Response:
        """The style sheet, under its present name only."""
        if name != style.name:
            raise HTTPException(404)
        return style.response()


def _show_problems(app: FastAPI, pages: Pages) -> None:
    """Pages for what a route did not answer; nothing of the request is echoed."""

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 422
        response = pages.problem(status, request.query_params.get("lang", ""))
        if isinstance(error, HTTPException) and error.headers:
            response.headers.update(error.headers)
        return response

    handlers: dict[
        type[Exception], Callable[[Request, Exception], Awaitable[Response]]
    ] = {HTTPException: refused, RequestValidationError: refused}
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
