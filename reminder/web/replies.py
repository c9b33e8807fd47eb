"""Where providers hand on what patients write back."""

from fastapi import APIRouter, Request, Response

from reminder.flows.receive import Receipt, Report
from reminder.flows.replies.taking_in import TakingIn
from reminder.web.callbacks import raw_path

_NOTHING_TO_SAY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""TwiML that sends nothing: our answer goes through the queue, like all we send."""

_STATUS = {Receipt.REFUSED: 403, Receipt.UNKNOWN: 404}


def reply_routes(replies: TakingIn) -> APIRouter:
    """One address for each transport, without a token: nobody was written to first."""
    router = APIRouter(prefix="/callbacks")

    @router.post("/{transport}")
    async def reply(transport: str, request: Request) -> Response:
        """Take one reply; it is answered once it is kept."""
        receipt = await replies.take(
            Report(
                transport=transport,
                token="",
                raw_path=raw_path(request),
                headers={
                    name.lower(): value for name, value in request.headers.items()
                },
                body=await request.body(),
            )
        )
        if receipt in _STATUS:
            return Response(status_code=_STATUS[receipt])
        return Response(_NOTHING_TO_SAY, media_type="text/xml")

    return router
