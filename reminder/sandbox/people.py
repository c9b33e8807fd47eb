"""Invented patients and their guardians, as FHIR resources."""

import itertools
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from reminder.resources import bundled
from reminder.sandbox.clinics import Resource, SandboxClinic

_NUMBER_STYLES = (
    "+1{area}5550{line}",
    "({area}) 555-0{line}",
    "{area}-555-0{line}",
    "1 {area} 555 0{line}",
)
_SPANISH_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Words:
    """The word lists of fixtures/sandbox/people.json."""

    given: dict[str, list[str]]
    family: dict[str, list[str]]
    awkward: list[dict[str, str]]
    streets: list[str]
    reasons: list[str]
    comments: list[str]


def load_words() -> Words:
    """The word lists that travel with the package."""
    file = bundled("fixtures") / "sandbox" / "people.json"
    return Words(**json.loads(file.read_text(encoding="utf-8")))


class People:
    """Makes one invented person after another; the same `rng` makes the same ones.

    Ages are those on `first_day`. Phone numbers are 555-01xx, each given out
    once, written in the several ways in which people write them.
    """

    def __init__(self, first_day: date, rng: Random, words: Words) -> None:
        self._first_day = first_day
        self._rng = rng
        self._words = words
        self._numbers: dict[str, Iterator[str]] = {}
        self._styles = itertools.cycle(_NUMBER_STYLES)
        self._ids = itertools.count(1)
        self._awkward = iter(words.awkward)

    def patient(
        self,
        clinic: SandboxClinic,
        elements: Resource | None = None,
        *,
        age: int | None = None,
        mobile: bool = True,
        email: bool = True,
    ) -> Resource:
        """An adult, or a patient of that age; `elements` replace what was made."""
        language = self._language()
        given, family = self._name(language)
        number = next(self._ids)
        telecom = [self.mobile(clinic)] if mobile else []
        telecom += [_email(given, family, number)] if email else []
        resource: Resource = {
            "resourceType": "Patient",
            "id": f"patient-{number:04}",
            "active": True,
            "name": [{"use": "official", "family": family, "given": [given]}],
            "birthDate": self.birth_date(age).isoformat(),
            "telecom": telecom,
            "address": [self._address(clinic)],
            "communication": [_speaks(language)],
        }
        return _without_empty(resource | (elements or {}))

    def awkward(self, clinic: SandboxClinic) -> Resource:
        """A patient with the next of the names that have broken other systems."""
        words = next(self._awkward)
        name = {"use": "official", "family": words["family"], "given": [words["given"]]}
        return self.patient(clinic, {"name": [name]})

    def guardian(
        self,
        clinic: SandboxClinic,
        child: Resource,
        *,
        telecom: list[Resource] | None = None,
    ) -> Resource:
        """A RelatedPerson who answers for that child, with the child's family name."""
        number = next(self._ids)
        given, _ = self._name("en")
        family = child["name"][0]["family"]
        if telecom is None:
            telecom = [self.mobile(clinic), _email(given, family, number)]
        return _without_empty(
            {
                "resourceType": "RelatedPerson",
                "id": f"guardian-{number:04}",
                "active": True,
                "patient": {"reference": f"Patient/{child['id']}"},
                "relationship": [_GUARDIAN],
                "name": [{"family": family, "given": [given]}],
                "telecom": telecom,
                "communication": child["communication"],
            }
        )

    def mobile(self, clinic: SandboxClinic, **elements: str | int) -> Resource:
        """A mobile number nobody has yet, as a ContactPoint."""
        numbers = self._numbers.setdefault(clinic.clinic_id, self._unused(clinic))
        point = {"system": "phone", "use": "mobile", "value": next(numbers)}
        return point | elements

    def birth_date(self, age: int | None = None) -> date:
        """A birth date of somebody of that age, or of any adult."""
        years = age if age is not None else self._rng.randint(19, 92)
        days = years * 365.25 + self._rng.randint(2, 360)
        return self._first_day - timedelta(days=int(days))

    def _unused(self, clinic: SandboxClinic) -> Iterator[str]:
        # 555-0100 is the clinic's own; -019x are the phone's magic numbers.
        for line, area in itertools.product(range(101, 190), clinic.area_codes):
            yield next(self._styles).format(area=area, line=line)

    def _language(self) -> str:
        return "es" if self._rng.random() < _SPANISH_SHARE else "en"

    def _name(self, language: str) -> tuple[str, str]:
        given = self._rng.choice(self._words.given[language])
        return given, self._rng.choice(self._words.family[language])

    def _address(self, clinic: SandboxClinic) -> Resource:
        street = self._rng.choice(self._words.streets)
        return {
            "line": [f"{self._rng.randint(1, 190)} {street}"],
            "city": clinic.city,
            "state": clinic.state,
            "postalCode": clinic.postal_code,
        }


_GUARDIAN: Resource = {
    "coding": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
            "code": "GUARD",
            "display": "guardian",
        }
    ]
}


def _email(given: str, family: str, number: int) -> Resource:
    name = unicodedata.normalize("NFKD", f"{given}.{family}".lower())
    local = name.encode("ascii", "ignore").decode()
    if not local.replace(".", "").isalpha():
        local = "patient"
    return {"system": "email", "value": f"{local}{number}@example.org"}


def _speaks(language: str) -> Resource:
    coding = {"system": "urn:ietf:bcp:47", "code": language}
    return {"language": {"coding": [coding]}, "preferred": True}


def _without_empty(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if value not in ([], None)}
