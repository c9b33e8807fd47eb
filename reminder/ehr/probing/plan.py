"""Chooses the search plan by what was proven, and says why."""

from collections.abc import Mapping

from reminder.model.capabilities import SearchPlan
from reminder.model.trials import ChosenPlan, Trial, Verdict

_FAIL, _PASS = Verdict.FAIL, Verdict.PASS

_PROVEN = {
    SearchPlan.BY_DATE: "A day's appointments are found by date alone, and no others.",
    SearchPlan.BY_ROSTER: (
        "The date alone is not enough, but a practitioner's or a location's "
        "appointments of a period are found."
    ),
    SearchPlan.BY_PATIENT: (
        "Only a patient's appointments are found: those of the patients in "
        "patients_file or patient_group, and of those already known, are asked for."
    ),
    SearchPlan.BY_ID: (
        "Appointments cannot be searched for, only read by id: a push of ids must "
        "feed this connection."
    ),
}


def chosen_plan(
    trials: Mapping[str, Trial],
    *,
    configured: SearchPlan | None,
    searches_by: frozenset[str],
    published: bool,
) -> ChosenPlan:
    """The most direct plan that was proven.

    Where too little is there to prove one, it is what is `configured`, else
    what the statement promises, if one was `published`; a plan that was
    disproven is never chosen.
    """
    spoken_to = all(_is(trials, name, _PASS) for name in _FIRST)
    if not spoken_to or any(_is(trials, name, _FAIL) for name in _GATES):
        return ChosenPlan(None, "Nothing can be read, so that no plan can be chosen.")
    for plan in SearchPlan:
        if _proven(plan, trials):
            return ChosenPlan(plan, _PROVEN[plan])
    promised = _promised(configured, searches_by, published=published)
    for plan in promised:
        if not _disproven(plan, trials):
            return ChosenPlan(plan, _UNPROVEN)
    return ChosenPlan(None, "Appointments are neither found by a search nor by id.")


_FIRST = ("reachable", "authentication")
_GATES = ("fhir-version", "appointments", "patients")
_UNPROVEN = (
    "Not proven: too little could be tried. Give ids to try with (--patient, "
    "--practitioner, --location, --appointment), or look again when there are "
    "appointments."
)


def _is(trials: Mapping[str, Trial], name: str, verdict: Verdict) -> bool:
    trial = trials.get(name)
    return trial is not None and trial.verdict is verdict


def _proven(plan: SearchPlan, trials: Mapping[str, Trial]) -> bool:
    match plan:
        case SearchPlan.BY_DATE:
            both = ("date-window", "impossible-window")
            return all(_is(trials, each, _PASS) for each in both)
        case SearchPlan.BY_ROSTER:
            either = ("by-location", "by-practitioner")
            found = any(_is(trials, each, _PASS) for each in either)
            return found and not _is(trials, "impossible-window", _FAIL)
        case SearchPlan.BY_PATIENT:
            found = _is(trials, "by-patient", _PASS)
            return found and not _is(trials, "impossible-window", _FAIL)
        case SearchPlan.BY_ID:
            return _is(trials, "by-id", _PASS)


def _disproven(plan: SearchPlan, trials: Mapping[str, Trial]) -> bool:
    match plan:
        case SearchPlan.BY_DATE:
            either = ("date-window", "impossible-window")
            return any(_is(trials, each, _FAIL) for each in either)
        case SearchPlan.BY_ROSTER:
            both = ("by-location", "by-practitioner")
            return all(_is(trials, each, _FAIL) for each in both)
        case SearchPlan.BY_PATIENT:
            return _is(trials, "by-patient", _FAIL)
        case SearchPlan.BY_ID:
            return _is(trials, "by-id", _FAIL)


def _promised(
    configured: SearchPlan | None, searches_by: frozenset[str], *, published: bool
) -> list[SearchPlan]:
    promised = [configured] if configured is not None else []
    if "date" in searches_by or not published:
        promised.append(SearchPlan.BY_DATE)
    if searches_by & {"practitioner", "location", "actor"}:
        promised.append(SearchPlan.BY_ROSTER)
    if "patient" in searches_by:
        promised.append(SearchPlan.BY_PATIENT)
    return [*promised, SearchPlan.BY_ID] if published else promised
