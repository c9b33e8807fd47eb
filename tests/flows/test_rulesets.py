"""Rulesets from a draft over checks and preview to being in force, and back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from reminder.flows.preview import Preview
from reminder.flows.rulesets import NoSuchVersion, RulesetRefused, RulesetsFlow
from reminder.messages.render import Renderer
from reminder.model.appointments import Place
from reminder.model.clinics import ClinicDirectory
from reminder.model.offsets import HoursBefore, MinutesBefore
from reminder.model.people import Channel, PatientKey
from reminder.model.readings import Reading
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import (
    ORGANISATION,
    Caps,
    LatePolicy,
    Rule,
    Ruleset,
    RulesetDocument,
    RulesetVersion,
    Step,
)
from reminder.rules.lint_installation import Installation
from reminder.store.errors import StoreConflict
from reminder.store.keyring import KeyRing
from reminder.store.store import Store, open_store
from tests.fakes import FakeClock
from tests.flows.world import BOTH, ELM, MAIN, NOW, TOMORROW, patient, visit

HOUR = timedelta(hours=1)
EVERYTHING = Installation(tuple(Channel), 14)
NOON = TOMORROW + 2 * HOUR
OAK = replace(ELM, clinic_id="oak", location_ids=frozenset({"oak"}))
DIRECTORY = ClinicDirectory((ELM, OAK))


def step(hours: int, step_id: str = "day", **changes: object) -> Step:
    return replace(Step(step_id, HoursBefore(hours), BOTH), **changes)


def document(*steps: Step, owner: str = "elm", **changes: object) -> RulesetDocument:
    """One rule for every visit, and no limit of messages."""
    rules = (Rule("visits", steps or (step(24),)),)
    caps = Caps(a_day=None, a_week=None)
    return replace(RulesetDocument(owner=owner, rules=rules, caps=caps), **changes)


@dataclass
class Office:
    """Where rules are made."""

    flow: RulesetsFlow
    store: Store
    clock: FakeClock

    async def save(self, document: RulesetDocument) -> RulesetVersion:
        draft = await self.store.rulesets.draft(document.owner)
        return await self.flow.save(
            document, by="Ana", note="", revision=draft and draft.revision
        )

    async def publish(self, document: RulesetDocument) -> RulesetVersion:
        await self.save(document)
        return await self.flow.publish(document.owner, by="Sam", note="why")

    async def booked(self, patient_id: str, clinic_id: str) -> None:
        """Tomorrow at noon."""
        place = Place(clinic_id, "A clinic", "1 Elm Street")
        one = visit(f"a-{patient_id}", patient_id, start_at=NOON, place=place)
        appointments = self.store.appointments
        reading = Reading(one.key.appointment_id, "f", (one,))
        await appointments.keep(MAIN, [reading], seen_at=NOW)
        await appointments.keep_patients(
            MAIN, [patient(patient_id)], asked=[patient_id], seen_at=NOW
        )

    async def problems(self, document: RulesetDocument) -> list[tuple[str, str]]:
        """The errors of a ruleset: place and problem."""
        remarks = await self.flow.check(document)
        return [
            (one.place, one.problem)
            for one in remarks
            if one.severity is Severity.ERROR
        ]


@pytest.fixture
async def office(
    sqlite_url: str, ring: KeyRing, renderer: Renderer
) -> AsyncIterator[Office]:
    """With two clinics that have no rules yet."""
    store, clock = await open_store(sqlite_url, ring), FakeClock(NOW)
    preview = Preview(store.appointments, clock)
    flow = RulesetsFlow(
        store.rulesets, preview, lambda: DIRECTORY, renderer, EVERYTHING, clock
    )
    yield Office(flow, store, clock)
    await store.aclose()


USELESS = document(step(1, useful=MinutesBefore(90)))
"""It stops being of use before it is due."""


async def test_good_rules_go_from_a_draft_into_force(office: Office) -> None:
    draft = await office.save(document())

    version = await office.flow.publish("elm", by="Sam", note="At last")

    assert (draft.by, version.by, version.note) == ("Ana", "Sam", "At last")
    assert (version.version, version.published_at) == (1, NOW)
    assert await office.store.rulesets.in_force() == {"elm": version}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(USELESS, id="a-step-of-no-use"),
        pytest.param(document(step(24, template="no-such")), id="a-missing-template"),
        pytest.param(document(owner="nowhere"), id="a-clinic-there-is-not"),
        pytest.param(
            document(without=frozenset({"visits"})), id="leaves-out-what-it-has-not"
        ),
    ],
)
async def test_what_is_wrong_is_refused_with_the_remarks_and_stays_a_draft(
    office: Office, wrong: RulesetDocument
) -> None:
    draft = await office.save(wrong)

    with pytest.raises(RulesetRefused) as refused:
        await office.flow.publish(wrong.owner, by="Sam", note="")

    assert refused.value.remarks == tuple(await office.flow.check(wrong))
    assert refused.value.remarks[0].severity is Severity.ERROR
    assert await office.store.rulesets.in_force() == {}
    assert await office.store.rulesets.draft(wrong.owner) == draft


async def test_what_is_only_odd_may_be_published(office: Office) -> None:
    by_email = document(step(24, channels=(Channel.EMAIL,)))

    remarks = await office.flow.check(by_email)
    await office.publish(by_email)

    assert {one.severity for one in remarks} == {Severity.WARNING}
    assert "elm" in await office.store.rulesets.in_force()


async def test_without_a_draft_there_is_nothing_to_publish(office: Office) -> None:
    await office.publish(document())

    with pytest.raises(NoSuchVersion):
        await office.flow.publish("elm", by="Sam", note="")


async def test_what_changed_since_somebody_looked_is_not_published(
    office: Office,
) -> None:
    looked_at = await office.save(document())
    await office.save(document(step(48)))

    with pytest.raises(StoreConflict):
        await office.flow.publish("elm", by="Sam", note="", revision=looked_at.revision)

    assert await office.store.rulesets.in_force() == {}


async def test_errors_come_before_what_is_odd_and_each_is_said_once(
    office: Office,
) -> None:
    remarks = await office.flow.check(
        document(step(1, useful=MinutesBefore(90), channels=(Channel.EMAIL,)))
    )

    severities = [one.severity for one in remarks]
    assert severities == sorted(severities), "error, then warning"
    assert set(severities) == {Severity.ERROR, Severity.WARNING}
    assert len(remarks) == len(set(remarks))


async def test_what_is_wrong_with_the_rules_in_force_does_not_stop_better_ones(
    office: Office, renderer: Renderer
) -> None:
    late = step(24, template="no-such", late=LatePolicy.SHORTEN)
    worse = Ruleset(rules=(Rule("visits", (late,)),))
    directory = ClinicDirectory((replace(ELM, ruleset=worse),))
    preview = Preview(office.store.appointments, office.clock)
    flow = RulesetsFlow(
        office.store.rulesets,
        preview,
        lambda: directory,
        renderer,
        EVERYTHING,
        office.clock,
    )

    remarks = await flow.check(document())

    assert [one for one in remarks if one.severity is Severity.ERROR] == []


async def test_a_step_due_before_its_visit_is_read_is_not_published(
    office: Office,
) -> None:
    with pytest.raises(RulesetRefused) as refused:
        await office.publish(document(step(24 * 30)))

    [remark] = [one for one in refused.value.remarks if one.severity is Severity.ERROR]
    assert remark.place == "rule visits, step day, offset"
    assert "30 days ahead" in remark.problem
    assert await office.store.rulesets.in_force() == {}


async def test_who_extends_what_is_not_there_is_told(office: Office) -> None:
    lonely = document(extends=True)

    [remark] = [
        one for one in await office.flow.check(lonely) if one.place == "extends"
    ]
    await office.publish(document(owner=ORGANISATION))
    after = await office.flow.check(lonely)

    assert remark.problem == "the organisation has no rules"
    assert [one for one in after if one.place == "extends"] == []


async def test_the_organisations_rules_are_checked_in_every_clinic_that_follows_them(
    office: Office,
) -> None:
    shared = replace(USELESS, owner=ORGANISATION)
    both = await office.problems(shared)
    await office.publish(document(owner="elm"))
    one = await office.problems(shared)
    await office.publish(document(owner="oak"))
    none = await office.flow.check(shared)

    assert both == one != []
    assert [remark.problem for remark in none] == [
        "no clinic follows the organisation's ruleset"
    ]


async def test_a_rule_taken_from_the_organisation_is_missed_by_who_left_it_out(
    office: Office,
) -> None:
    await office.publish(document(owner=ORGANISATION))
    await office.publish(
        document(extends=True, without=frozenset({"visits"}), rules=())
    )
    other = document(owner=ORGANISATION, rules=(Rule("others", (step(24),)),))

    remarks = await office.flow.check(other)

    assert (
        Remark(
            Severity.WARNING,
            "clinic elm, without, visits",
            "the organisation has no such rule",
            "it has others",
        )
        in remarks
    )


async def test_a_clinics_rules_are_previewed_for_its_own_patients_only(
    office: Office,
) -> None:
    await office.booked("p1", "elm")
    await office.booked("p2", "oak")
    await office.publish(document(step(3)))
    await office.publish(document(step(3), owner="oak"))

    report = await office.flow.preview(document(step(3), step(2, "near")))

    assert (report.total_before, report.total) == (2, 3)
    assert [one.appointment.patient_id for one in report.affected] == ["p1"]


async def test_the_organisations_rules_are_previewed_for_all_who_follow_them(
    office: Office,
) -> None:
    await office.booked("p1", "elm")
    await office.booked("p2", "oak")
    await office.publish(document(step(3), owner=ORGANISATION))
    await office.publish(document(step(3), owner="oak"))
    more = document(step(3), step(2, "near"), owner=ORGANISATION)

    own = await office.flow.preview(more)
    await office.publish(document(owner="oak", extends=True, rules=()))
    extended = await office.flow.preview(more)

    assert [one.appointment.patient_id for one in own.affected] == ["p1"]
    assert [one.appointment.patient_id for one in extended.affected] == ["p1", "p2"]


async def test_what_was_published_is_previewed_as_no_change(office: Office) -> None:
    await office.booked("p1", "elm")
    await office.publish(document(step(3)))

    report = await office.flow.preview(document(step(3)))

    assert (report.total, report.affected) == (1, ())


async def test_a_calendar_is_of_the_rules_that_are_looked_at(office: Office) -> None:
    await office.booked("p1", "elm")
    await office.publish(document(step(3)))

    key = PatientKey(MAIN, "p1")
    entries = await office.flow.calendar(key, document(step(2, "near")))

    assert entries is not None
    assert [(one.step_id, one.due_at) for one in entries] == [("near", NOON - 2 * HOUR)]
    assert await office.flow.calendar(PatientKey(MAIN, "p9"), document()) is None


async def test_a_history_says_what_each_version_changed_the_newest_first(
    office: Office,
) -> None:
    await office.publish(document(step(24)))
    await office.publish(document(step(48)))
    await office.save(document(step(48), step(2, "near")))

    history = await office.flow.history("elm")

    assert [(one.version.version, len(one.changes)) for one in history] == [
        (3, 1),
        (2, 1),
        (1, 3),
    ]
    assert history[1].changes == (
        "Rule 'visits', step 'day': 24 hours before becomes 48 hours before.",
    )
    assert await office.flow.history("oak") == []


async def test_an_old_version_becomes_a_draft_and_then_a_new_version(
    office: Office,
) -> None:
    first = await office.publish(document(step(24)))
    second = await office.publish(document(step(48)))

    draft = await office.flow.restore("elm", 1, by="Ana", note="", revision=None)
    third = await office.flow.publish("elm", by="Ana", note="back")

    assert draft.document == third.document == first.document
    assert (third.version, second.version) == (3, 2)


async def test_what_never_was_cannot_be_restored(office: Office) -> None:
    with pytest.raises(NoSuchVersion):
        await office.flow.restore("elm", 1, by="Ana", note="", revision=None)


async def test_a_restored_version_takes_the_place_of_no_draft_unseen(
    office: Office,
) -> None:
    await office.publish(document(step(24)))
    draft = await office.save(document(step(48)))

    with pytest.raises(StoreConflict):
        await office.flow.restore("elm", 1, by="Ana", note="", revision=None)

    assert await office.store.rulesets.draft("elm") == draft
