"""Decides whether a Patient who bears an identifier can be the one who is meant."""

from dataclasses import dataclass, field

from reminder.ehr.reading.participants import Identifier, Sought
from reminder.ehr.reading.raw import Resource, objects


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a Patient is known by; `former` is what they were known by once."""

    identifiers: frozenset[Identifier] = field(default=frozenset(), repr=False)
    former: frozenset[Identifier] = field(default=frozenset(), repr=False)
    birth_date: str = field(default="", repr=False)

    def may_be(self, sought: Sought) -> bool:
        """Whether nothing that is said of who is sought contradicts this.

        The policy of a family is borne by all of it: whoever has a record
        number, or a date of birth, of their own is not the one with another.
        """
        for system in {each.system for each in sought.identifiers}:
            theirs = {each for each in self.identifiers if each.system == system}
            if theirs and not (theirs | self.former) & {*sought.identifiers}:
                return False
        ours, asked = self.birth_date, sought.birth_date
        # A FHIR date may be a year or a month only.
        return ours.startswith(asked) or asked.startswith(ours)


def bearer(patient: Resource) -> Bearer:
    """What a Patient resource is known by."""
    former, current = set[Identifier](), set[Identifier]()
    for each in objects(patient.get("identifier")):
        system, value = each.get("system"), each.get("value")
        if isinstance(system, str) and isinstance(value, str):
            identifiers = former if each.get("use") == "old" else current
            identifiers.add(Identifier(system, value))
    born = patient.get("birthDate")
    return Bearer(
        frozenset(current), frozenset(former), born if isinstance(born, str) else ""
    )
