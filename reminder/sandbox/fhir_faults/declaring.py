"""How a fault is written: a function, and a word on which requests it concerns.

The function's name is the fault's, its docstring the sentence people read.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from reminder.sandbox.clinics import Resource
from reminder.sandbox.fhir_faults.exchange import Ask, Asked, Bend, Said

Concerns = Callable[[Asked], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class FHIRFault:
    """One way in which a FHIR server goes wrong.

    Of the requests it `concerns` it lets the first `after` pass, and then
    happens `times` times (None: until all is well again).
    """

    name: str
    sentence: str
    concerns: Concerns
    make: Callable[[], Bend]
    """A fault that remembers begins anew each time it is set."""
    times: int | None = None
    after: int = 0

    def limited(self, *, times: int | None = None, after: int = 0) -> "FHIRFault":
        """The same, only so often, and only after so many."""
        return replace(self, times=times, after=after)

    def about(self, *resource_types: str) -> "FHIRFault":
        """The same, only for requests about these types of resources."""
        before = self.concerns

        def concerns(asked: Asked) -> bool:
            return asked.resource_type in resource_types and before(asked)

        return replace(self, concerns=concerns)


def is_anything(_: Asked) -> bool:
    """Every request."""
    return True


def is_search(asked: Asked) -> bool:
    """Searches for Appointments."""
    return asked.is_search and asked.resource_type == "Appointment"


def is_later_page(asked: Asked) -> bool:
    """Searches for Appointments that follow a link."""
    return is_search(asked) and asked.page > 1


def is_write(asked: Asked) -> bool:
    """Whatever may change something."""
    return asked.is_write


def is_transaction(asked: Asked) -> bool:
    """Bundles sent to the base."""
    return asked.is_transaction


def bends(concerns: Concerns) -> Callable[[Bend], FHIRFault]:
    """A fault that asks for itself, as often as it likes or not at all."""

    def declare(bend: Bend) -> FHIRFault:
        return _named(bend, concerns, lambda: bend)

    return declare


def remembers(concerns: Concerns) -> Callable[[Callable[[], Bend]], FHIRFault]:
    """As `bends`, made anew by the function each time it is set."""

    def declare(make: Callable[[], Bend]) -> FHIRFault:
        return _named(make, concerns, make)

    return declare


def answers(concerns: Concerns) -> Callable[[Callable[[Asked], Said]], FHIRFault]:
    """A fault that answers by itself; the server never hears of the request."""

    def declare(answer: Callable[[Asked], Said]) -> FHIRFault:
        async def bend(asked: Asked, _: Ask) -> Said:
            return answer(asked)

        return _named(answer, concerns, lambda: bend)

    return declare


def asks(concerns: Concerns) -> Callable[[Callable[[Asked], Asked]], FHIRFault]:
    """A fault that asks the server something else."""

    def declare(change: Callable[[Asked], Asked]) -> FHIRFault:
        async def bend(asked: Asked, ask: Ask) -> Said:
            return await ask(change(asked))

        return _named(change, concerns, lambda: bend)

    return declare


def says(concerns: Concerns) -> Callable[[Callable[[Said], Said]], FHIRFault]:
    """A fault that says something else than the server, whatever that said."""

    def declare(change: Callable[[Said], Said]) -> FHIRFault:
        async def bend(asked: Asked, ask: Ask) -> Said:
            return change(await ask(asked))

        return _named(change, concerns, lambda: bend)

    return declare


def spoils_pages(change: Callable[[Resource, Asked], None]) -> FHIRFault:
    """A fault in the pages of a search; the function changes the Bundle in place."""

    async def bend(asked: Asked, ask: Ask) -> Said:
        answer = await ask(asked)
        page = answer.json()
        if not answer.is_success or page.get("resourceType") != "Bundle":
            return answer
        change(page, asked)
        return answer.with_json(page)

    return _named(change, is_search, lambda: bend)


def _named(
    function: Callable[..., object], concerns: Concerns, make: Callable[[], Bend]
) -> FHIRFault:
    name = getattr(function, "__name__", "").replace("_", "-")
    sentence = (function.__doc__ or "").strip().partition("\n")[0]
    return FHIRFault(name=name, sentence=sentence, concerns=concerns, make=make)
