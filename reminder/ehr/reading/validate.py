"""Says where a resource breaks FHIR R4 and how, without ever saying what it holds."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from reminder.ehr.reading.instants import lacks_zone
from reminder.ehr.reading.raw import Resource

_LONGEST_PATH = 20
_ELEMENT = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,40}")
_PROBLEMS = {
    "extra_forbidden": "unknown-field",
    "missing": "missing",
    "model_field_validation.missing": "missing",
    "string_pattern_mismatch": "invalid-format",
    "string_unicode": "not-unicode",
}


class Problem(NamedTuple):
    """A FHIRPath and a short code."""

    path: str
    problem: str


def r4_problem(resource: Resource, resource_type: str) -> Problem | None:
    """The first place where the resource is not FHIR R4; None when it is.

    R4B's models read R4. They know neither value sets nor all invariants:
    what matters of those is checked by whoever reads the resource. The id is
    left out, since servers use ids that FHIR does not allow.
    """
    if resource.get("resourceType") != resource_type:
        return Problem("Resource.resourceType", "unexpected-resource-type")
    try:
        _validator(resource_type).validate_python({**resource, "id": "id"})
    except ValidationError as error:
        return _first(error, resource, resource_type)
    except KeyError:
        # A contained resource of a type R4B does not have.
        return Problem(f"{resource_type}.contained", "unknown-resource-type")
    except (ValueError, TypeError, AttributeError, IndexError, RecursionError):
        return Problem(resource_type, "invalid")
    return None


@cache
def _validator(resource_type: str) -> Any:  # noqa: ANN401 - pydantic-core's own class
    return get_fhir_model_class(resource_type).__pydantic_validator__


def _first(error: ValidationError, resource: Resource, resource_type: str) -> Problem:
    details = error.errors(
        include_url=False, include_context=False, include_input=False
    )[0]
    where = [step for step in details["loc"] if step not in ("root", "__root__")]
    problem = _PROBLEMS.get(details["type"])
    if problem is None:
        problem = _of_value(details["type"], _value_at(resource, where))
    return Problem(_fhir_path(resource_type, where), problem)


def _of_value(error_type: str, value: object) -> str:
    if lacks_zone(value):
        return "instant-without-zone"
    return "wrong-type" if error_type.endswith("_type") else "invalid"


def _value_at(resource: object, where: Sequence[int | str]) -> object:
    for step in where:
        try:
            resource = resource[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return None
    return resource


def _fhir_path(resource_type: str, where: Sequence[int | str]) -> str:
    path = resource_type
    for step in where[:_LONGEST_PATH]:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            # The name of an unknown element comes from the server, too.
            path += f".{step}" if _ELEMENT.fullmatch(step) else ".?"
    return path
