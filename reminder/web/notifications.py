"""Where EHRs push: the endpoints of their Subscriptions, one a connection."""

from fastapi import APIRouter, Request, Response

from reminder.flows.notifications import Notifications, PushRequest, Receipt

MOST_BYTES = 1024 * 1024
"""A notification with its resources; nothing in them is believed but their ids."""

PREFIX = "/ehr"

_STATUS = {
    Receipt.TAKEN: 200,
    Receipt.REFUSED: 403,
    Receipt.NOT_UNDERSTOOD: 400,
    Receipt.UNKNOWN_FORMAT: 415,
}
# HAPI writes to the endpoint as if it were a FHIR server: deletions too.
_METHODS = ["POST", "PUT", "DELETE"]


def notification_routes(notifications: Notifications) -> APIRouter:
    """One endpoint for each connection, and whatever servers put behind it."""
    router = APIRouter(prefix=PREFIX)

    @router.api_route("/{connection}/notify", methods=_METHODS)
    @router.api_route("/{connection}/notify/{path:path}", methods=_METHODS)
    async def notify(connection: str, request: Request, path: str = "") -> Response:
        """Take one notification; it is answered once it is kept."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.body()
        receipt = await notifications.receive(
            PushRequest(connection, path, headers, body)
        )
        return Response(status_code=_STATUS[receipt])

    return router
