"""Who the invented patients are: every kind an EHR brings, and how many of each."""

from collections.abc import Callable
from dataclasses import dataclass

from reminder.sandbox.clinics import NO_REMINDERS_URL, Resource, SandboxClinic
from reminder.sandbox.people import People

Make = Callable[[People, SandboxClinic], list[Resource]]
"""Makes the patients of one visit first, then their guardians."""


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of patient: what they are called here, how many, how made."""

    name: str
    count: int
    make: Make


def adult(people: People, clinic: SandboxClinic) -> list[Resource]:
    """Somebody with a mobile and an e-mail address, as most are."""
    return [people.patient(clinic)]


def _child(people: People, clinic: SandboxClinic) -> list[Resource]:
    child = people.patient(clinic, age=9, mobile=False, email=False)
    return [child, people.guardian(clinic, child)]


def _child_alone(people: People, clinic: SandboxClinic) -> list[Resource]:
    return [people.patient(clinic, age=14)]


def _child_silent_guardian(people: People, clinic: SandboxClinic) -> list[Resource]:
    child = people.patient(clinic, age=6, mobile=False, email=False)
    return [child, people.guardian(clinic, child, telecom=[])]


def _couple(people: People, clinic: SandboxClinic) -> list[Resource]:
    return [people.patient(clinic), people.patient(clinic)]


def _old_number(people: People, clinic: SandboxClinic) -> list[Resource]:
    patient = people.patient(clinic, mobile=False)
    patient["telecom"].insert(0, people.mobile(clinic, use="old"))
    return [patient]


def _two_mobiles(people: People, clinic: SandboxClinic) -> list[Resource]:
    telecom = [people.mobile(clinic, rank=2), people.mobile(clinic, rank=1)]
    return [people.patient(clinic, {"telecom": telecom})]


def _sms_system(people: People, clinic: SandboxClinic) -> list[Resource]:
    number = people.mobile(clinic, system="sms")
    del number["use"]
    return [people.patient(clinic, {"telecom": [number]})]


def _home_phone(people: People, clinic: SandboxClinic) -> list[Resource]:
    number = people.mobile(clinic, use="home")
    return [people.patient(clinic, {"telecom": [number]})]


def _with(
    elements: Resource | None = None, *, mobile: bool = True, email: bool = True
) -> Make:
    return lambda people, clinic: [
        people.patient(clinic, elements, mobile=mobile, email=email)
    ]


def _with_number(number: str, *, email: bool = True) -> Make:
    def make(people: People, clinic: SandboxClinic) -> list[Resource]:
        patient = people.patient(clinic, mobile=False, email=email)
        point = {"system": "phone", "use": "mobile", "value": number}
        patient["telecom"] = [point, *patient.get("telecom", [])]
        return [patient]

    return make


_OPTED_OUT = [{"url": NO_REMINDERS_URL, "valueBoolean": True}]

CAST: tuple[Part, ...] = (
    Part("email-only", 20, _with(mobile=False)),
    Part("mobile-only", 24, _with(email=False)),
    Part("unreachable", 5, _with(mobile=False, email=False)),
    Part("child", 22, _child),
    Part("child-alone", 4, _child_alone),
    Part("child-silent-guardian", 2, _child_silent_guardian),
    Part("couple", 1, _couple),
    Part("deceased", 1, _with({"deceasedBoolean": True})),
    Part("died-on", 1, _with({"deceasedDateTime": "2026-02"})),
    Part("inactive", 1, _with({"active": False})),
    Part("opted-out", 6, _with({"extension": _OPTED_OUT})),
    Part("year-only", 3, _with({"birthDate": "1954"})),
    Part("no-birth-date", 2, _with({"birthDate": None})),
    Part("old-number", 3, _old_number),
    Part("two-mobiles", 4, _two_mobiles),
    Part("sms-system", 4, _sms_system),
    Part("home-phone", 4, _home_phone),
    Part("no-number", 3, _with_number("call the neighbor", email=False)),
    Part("bad-number", 4, _with_number("555-0123")),
    Part("impossible-number", 2, _with_number("+1 202 555 01234567")),
    Part("stopped", 1, _with_number("+12025550190")),
    Part("wrong-number", 1, _with_number("+12025550191")),
    Part("switched-off", 1, _with_number("+12025550192")),
    Part("unassigned", 1, _with_number("+12025550193", email=False)),
    Part("awkward", 10, lambda people, clinic: [people.awkward(clinic)]),
)
"""All but the ordinary ones, who fill the rest of the diary."""


def siblings(people: People, clinic: SandboxClinic) -> list[list[Resource]]:
    """Two children of one guardian, each with the guardian; one phone between them."""
    first = people.patient(clinic, age=7, mobile=False, email=False)
    parent = people.guardian(clinic, first)
    same = {name: first[name] for name in ("address", "communication")}
    second = people.patient(clinic, same, age=11, mobile=False, email=False)
    second["name"][0]["family"] = first["name"][0]["family"]
    again = people.guardian(clinic, second, telecom=parent["telecom"])
    again["name"] = parent["name"]
    return [[first, parent], [second, again]]
