"""How quickly plans are made: the pure part, on one core."""

import time
from collections.abc import Sequence

from benchmarks import population
from reminder.model.clinics import ClinicDirectory
from reminder.model.reminders import Person
from reminder.rules.plan import plan

_ROUNDS = 5


def plans_per_s(appointments: int) -> float:
    """Appointments planned a second of CPU, by the six steps, caps and merging."""
    clinics = population.one_rule(population.six_steps(), "six steps")
    return appointments / _best(_people(appointments), clinics)


def ratio(appointments: int) -> float:
    """How much longer 200 rules take than 5."""
    people = _people(appointments)
    few, many = population.many_rules(5), population.many_rules(200)
    return _best(people, many) / _best(people, few)


def _people(appointments: int) -> list[Person]:
    return [population.person(*one) for one in population.people(appointments)]


def _best(people: Sequence[Person], clinics: ClinicDirectory) -> float:
    """The CPU seconds of the best round: the others met something else."""
    return min(_round(people, clinics) for _ in range(_ROUNDS))


def _round(people: Sequence[Person], clinics: ClinicDirectory) -> float:
    before = time.process_time()
    for person in people:
        plan(person, clinics, population.NOW)
    return time.process_time() - before
