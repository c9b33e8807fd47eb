"""How much a request may bring: little, but for what EHRs push."""

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from reminder.web import notifications

_MOST_BYTES = 64 * 1024


class BodyLimits:
    """Answers 413 to a longer body, whatever length it claims to have."""

    def __init__(self, app: ASGIApp) -> None:
        self._usual = RequestBodyLimitMiddleware(app, max_body_size=_MOST_BYTES)
        self._pushed = RequestBodyLimitMiddleware(
            app, max_body_size=notifications.MOST_BYTES
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is short enough."""
        pushed = scope.get("path", "").startswith(f"{notifications.PREFIX}/")
        await (self._pushed if pushed else self._usual)(scope, receive, send)
