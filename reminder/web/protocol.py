"""What the server answers when a request is no HTTP: before any route, or the guard."""

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from reminder.web.guard import HEADERS

_WORDS = b"This is not a request we understand."


class GuardedProtocol(H11Protocol):
    """uvicorn's HTTP with our headers on its own refusals too.

    It is the one without native code, which takes at most 64 KB of headers.
    """

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser refused; nothing of it is echoed."""
        headers = [*HEADERS.items(), *_ABOUT_WORDS.items()]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=_WORDS),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


_ABOUT_WORDS = {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": str(len(_WORDS)),
    "Connection": "close",
}
