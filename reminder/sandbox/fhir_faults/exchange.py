"""One request on its way through a fault server, and what is said to it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from urllib.parse import parse_qsl, urlencode

import orjson

from reminder.sandbox.clinics import Resource

FHIR_JSON = "application/fhir+json"
_WRITES = ("PUT", "PATCH", "DELETE")
_KEPT = "/:,|"  # As they are in FHIR's own examples; escaping them is right, too.


class Manner(Enum):
    """How an answer leaves the server."""

    WHOLE = auto()
    DRIPPING = auto()
    """A byte at a time, without an end in sight."""
    CUT = auto()
    """The connection ends halfway."""
    SILENT = auto()
    """Never, until all is well again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request. `path` lies below the FHIR base, or begins with a slash.

    So it is `Appointment/17` for a read, `Appointment` for a search, and empty
    for a transaction. `query` is as it came, undecoded. `page` is the number
    of the page of a search, by the links that were handed out before.
    `base_url` is the server's own, as the world sees it.
    """

    method: str
    path: str
    base_url: str
    query: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    page: int = 1

    @property
    def url(self) -> str:
        """The whole address, as the world writes it."""
        asked = f"?{self.query}" if self.query else ""
        return f"{self.base_url}/{self.path}{asked}"

    @property
    def resource_type(self) -> str:
        """Such as `Appointment`; empty where the request is about none."""
        first = self.path.partition("/")[0]
        return first if first[:1].isupper() else ""

    @property
    def is_search(self) -> bool:
        """Whether this asks for resources of one type."""
        if self.method == "POST":
            return self.path == f"{self.resource_type}/_search"
        return self.method == "GET" and self.path == self.resource_type != ""

    @property
    def is_read(self) -> bool:
        """Whether this asks for one resource by its id."""
        return self.method == "GET" and "/" in self.path and self.resource_type != ""

    @property
    def is_transaction(self) -> bool:
        """Whether this sends a Bundle to the base itself."""
        return self.method == "POST" and self.path == ""

    @property
    def is_write(self) -> bool:
        """Whether this may change something."""
        if self.method == "POST":
            return self.is_transaction or (
                self.resource_type != "" and not self.is_search
            )
        return self.method in _WRITES

    @property
    def params(self) -> list[tuple[str, str]]:
        """The parameters of a search, in order; of a POST those of its body, too."""
        form = self.body.decode() if self.method == "POST" and self.is_search else ""
        query = "&".join(filter(None, (self.query, form)))
        return parse_qsl(query, keep_blank_values=True)

    def values(self, name: str) -> list[str]:
        """Every value of that parameter."""
        return [value for each, value in self.params if each == name]

    def json(self) -> Resource:
        """The body as JSON."""
        found: Resource = orjson.loads(self.body)
        return found

    def without(self, *names: str) -> "Asked":
        """The same, without those parameters."""
        return self.asking(*(each for each in self.params if each[0] not in names))

    def asking(self, *params: tuple[str, str]) -> "Asked":
        """The same search with these parameters, in the query."""
        body = b"" if self.is_search else self.body
        return replace(self, query=urlencode(params, safe=_KEPT), body=body)

    def with_headers(self, **headers: str | None) -> "Asked":
        """The same with these headers (`_` for `-`), or without those that are None."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        changed = {**self.headers, **named}
        kept = {name: value for name, value in changed.items() if value is not None}
        return replace(self, headers=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer. Header names are in small letters."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    manner: Manner = Manner.WHOLE

    @property
    def is_success(self) -> bool:
        """Whether the server says it did what was asked."""
        return 200 <= self.status < 300

    def json(self) -> Resource:
        """The body as a JSON object, an empty one where it is none."""
        try:
            found = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return {}
        return found if isinstance(found, dict) else {}

    def with_json(self, resource: Resource) -> "Said":
        """The same, with this for its body."""
        return replace(self, body=orjson.dumps(resource))

    def with_headers(self, **headers: str | None) -> "Said":
        """The same with these headers (`_` for `-`), or without those that are None."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        changed = {**self.headers, **named}
        kept = {name: value for name, value in changed.items() if value is not None}
        return replace(self, headers=kept)


def said(resource: Resource, status: int = 200, **headers: str) -> Said:
    """An answer with that resource."""
    answer = Said(status=status, headers={"content-type": FHIR_JSON})
    return answer.with_json(resource).with_headers(**headers)


def outcome(code: str, text: str = "", *, detail: str = "") -> Resource:
    """An OperationOutcome of one error: a standard code, and one of the vendor's."""
    coding = [{"system": "urn:vendor:message-id", "code": detail}] if detail else []
    issue = {
        "severity": "error",
        "code": code,
        "details": {"coding": coding, "text": text},
    }
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def bundle(*entries: Resource, **elements: object) -> Resource:
    """A searchset of these entries."""
    empty = {"resourceType": "Bundle", "type": "searchset"}
    return {**empty, "total": len(entries), "entry": list(entries), **elements}


Ask = Callable[[Asked], Awaitable[Said]]
"""Passes a request on: to the next fault, or to the server behind them all."""

Bend = Callable[[Asked, Ask], Awaitable[Said]]
"""What a fault does with a request and with its answer."""
