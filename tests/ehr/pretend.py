"""A FHIR server of a test's own words, for what no sound server would say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

BASE_URL = "https://ehr.example.org/fhir"
FIXTURES = Path(__file__).parents[2] / "fixtures" / "fhir"

Resource = dict[str, Any]
Said = httpx.Response | Callable[[httpx.Request], httpx.Response]


def fixture(name: str, /, **changes: object) -> Resource:
    """A resource from `fixtures/fhir`, with some of its elements replaced."""
    return json.loads((FIXTURES / f"{name}.json").read_text()) | changes


def bundle(*resources: Resource, next_link: str | None = None, **more: object) -> dict:
    """A searchset with these matches."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [
            {"resource": each, "search": {"mode": "match"}} for each in resources
        ],
        "link": [{"relation": "next", "url": next_link}] if next_link else [],
        **more,
    }


def said(body: object, status: int = 200, **headers: str) -> httpx.Response:
    """An answer with a JSON body."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=names)


CAPABILITIES: Resource = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "rest": [
        {
            "mode": "server",
            "interaction": [{"code": "transaction"}],
            "resource": [
                {
                    "type": "Appointment",
                    "interaction": [{"code": "update"}, {"code": "patch"}],
                    "searchParam": [{"name": "date"}, {"name": "_lastUpdated"}],
                },
                {"type": "Slot", "interaction": [{"code": "search-type"}]},
                {"type": "RelatedPerson", "interaction": [{"code": "search-type"}]},
                {
                    "type": "Communication",
                    "interaction": [{"code": "create"}],
                    "conditionalCreate": True,
                },
            ],
        }
    ],
}


class PretendServer:
    """Answers by method and path, in order where there are several answers.

    What it was not told about is 404 for one resource and an empty Bundle for
    a search. `asked` are all requests, in order.
    """

    def __init__(self, **answers: Said | list[Said]) -> None:
        self.asked: list[httpx.Request] = []
        self._answers: dict[str, list[Said]] = {}
        self.on("GET metadata", said(CAPABILITIES))

    def on(self, what: str, *answers: Said) -> "PretendServer":
        """Say these to requests such as `GET Appointment`; the last one for ever."""
        self._answers[what] = list(answers)
        return self

    def times(self, what: str) -> int:
        """How often that was asked."""
        return sum(_what(each) == what for each in self.asked)

    def last(self, what: str) -> httpx.Request:
        """The latest request of that kind."""
        return [each for each in self.asked if _what(each) == what][-1]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answers = self._answers.get(_what(request))
        if not answers:
            return said(bundle()) if request.url.query else said({}, 404)
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            return answer(request)
        return httpx.Response(
            answer.status_code, headers=answer.headers, content=answer.content
        )


def _what(request: httpx.Request) -> str:
    path = request.url.path.removeprefix("/fhir").strip("/")
    return f"{request.method} {path}".strip()
