"""Where providers report what became of a message."""

from fastapi import APIRouter, Request, Response

from reminder.flows.receive import Receipt, Receive, Report

_STATUS = {Receipt.KEPT: 204, Receipt.REFUSED: 403, Receipt.UNKNOWN: 404}


def callback_routes(receive: Receive) -> APIRouter:
    """One address for each transport and message, as it was given to the provider."""
    router = APIRouter(prefix="/callbacks")

    @router.post("/{transport}/{token}")
    async def report(transport: str, token: str, request: Request) -> Response:
        """Take one report."""
        receipt = await receive.report(
            Report(
                transport=transport,
                token=token,
                raw_path=raw_path(request),
                headers={
                    name.lower(): value for name, value in request.headers.items()
                },
                body=await request.body(),
            )
        )
        return Response(status_code=_STATUS[receipt])

    return router


def raw_path(request: Request) -> str:
    """The path and query exactly as they were sent: a signature covers the escapes."""
    path = request.scope["raw_path"].decode("ascii", "replace")
    query = request.scope["query_string"].decode("ascii", "replace")
    return f"{path}?{query}" if query else path
