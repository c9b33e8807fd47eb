"""The one style sheet: named after its content, so it may be kept for ever."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from fastapi import Response

_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Style:
    """A style sheet and its name."""

    name: str
    content: bytes

    @classmethod
    def read(cls, file: Path) -> "Style":
        """The file, named after what is in it."""
        content = file.read_bytes()
        digest = hashlib.sha256(content).hexdigest()[:12]
        return cls(f"{file.stem}.{digest}{file.suffix}", content)

    def response(self) -> Response:
        """The style sheet as it is served."""
        return Response(
            self.content, media_type="text/css", headers={"Cache-Control": _FOR_EVER}
        )
