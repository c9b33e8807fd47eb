"""One sample of every page a patient can meet, in every state it has."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from reminder.flows.respond.page_states import (
    News,
    NoTimesBecause,
    Problem,
    Step,
    VisitState,
    WhyCall,
)
from reminder.flows.respond.pages import (
    AskBirthDate,
    Burned,
    CheckCancel,
    CheckMove,
    ChooseDay,
    ChooseTime,
    ContactChoice,
    Day,
    Here,
    NewLinkSent,
    NoTimes,
    Offers,
    Page,
    PleaseCall,
    TextDetails,
    TypedDate,
    Unknown,
    Visits,
    VisitView,
)
from reminder.model.people import Channel, ConsentBy, Preference
from tests.web.world import ANA_SMS, CLINIC, slot

TOKEN = "k7Qm3VxPk7Qm3VxPk7Qm3w"  # noqa: S105 - opens nothing
BARE = Here(clinic=CLINIC, language="en", token=TOKEN)
HERE = replace(BARE, tickets=dict.fromkeys(Step, "ticket" * 16))
THURSDAY = datetime(2026, 12, 3, 20, 30, tzinfo=UTC)
FRIDAY = datetime(2026, 12, 4, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
VISIT = VisitView(
    ref="visit-a",
    state=VisitState.BOOKED,
    start_at=THURSDAY,
    zone=CLINIC.zone,
    given="Ana",
    practitioner="Dr. Priya Patel",
    place="Lakeside Clinic",
    address="12 Lake Street, Springfield",
)


def visits(news: News | None = None, **changes: object) -> Visits:
    """Ana's one visit."""
    one = replace(VISIT, **changes)  # type: ignore[arg-type]
    return Visits(here=HERE, visits=(one,), news=news, about=one.ref)


SLOTS = tuple(slot(f"s{n}", FRIDAY + n * HOUR) for n in range(9))
DAYS = tuple(
    Day(date(2026, 12, 4 + n), n + 1, FRIDAY + timedelta(days=n)) for n in range(5)
)
SIBLING = replace(VISIT, ref="visit-b", given="Leo", start_at=THURSDAY + HOUR)

STATES: dict[str, Page] = {
    f"visit-{state}": visits(
        state=state,
        undo_until=THURSDAY - 2 * HOUR if state is VisitState.CANCELLED else None,
        asked_for=FRIDAY if state is VisitState.ASKING else None,
    )
    for state in VisitState
}
NEWS: dict[str, Page] = {
    f"news-{news}": visits(
        news,
        state=VisitState.CANCELLED if "cancelled" in news else VisitState.CONFIRMED,
        undo_until=THURSDAY - 2 * HOUR,
        was_at=FRIDAY if "moved" in news else None,
    )
    for news in News
}
PROBLEMS: dict[str, Page] = {
    f"birth-date-{problem}": AskBirthDate(
        here=BARE,
        problem=problem,
        typed=TypedDate("4", "31", "85"),
        tries_left=4 if problem is Problem.MISMATCH else None,
    )
    for problem in Problem
}
CALLS: dict[str, Page] = {
    f"call-{why}": PleaseCall(here=BARE, why=why) for why in WhyCall
}
NO_TIMES: dict[str, Page] = {
    f"no-times-{because}": NoTimes(here=HERE, visit=VISIT, because=because)
    for because in NoTimesBecause
}
CONTACT = ContactChoice(
    here=HERE,
    visit=VISIT,
    preference=Preference(channel=Channel.SMS),
    offers=Offers(
        channels=(Channel.EMAIL, Channel.SMS, Channel.VOICE),
        languages=("en", "es"),
        leads=(timedelta(hours=2), timedelta(days=1), timedelta(days=7)),
        stoppable=tuple(Channel),
    ),
    details=TextDetails(to=ANA_SMS, by=ConsentBy.PATIENT, ref="number-a"),
)

ALIKE = {*NEWS, *PROBLEMS} - {
    "news-confirmed",
    "news-cancelled",
    "news-moved",
    "news-asking",
    "news-taken-back",
    "birth-date-empty",
    "birth-date-mismatch",
    "birth-date-closed",
}
"""Samples that differ from others by their words alone."""

PAGES: dict[str, Page] = {
    "birth-date": AskBirthDate(here=BARE),
    "birth-date-another": AskBirthDate(here=HERE),
    **PROBLEMS,
    "burned": Burned(here=HERE),
    "burned-unticked": Burned(here=HERE, unticked=True),
    "new-link": NewLinkSent(here=BARE, channel=Channel.SMS),
    "new-link-already": NewLinkSent(here=BARE, channel=Channel.EMAIL, already=True),
    **CALLS,
    **STATES,
    **NEWS,
    "visit-by-video": visits(join_url="https://video.example.org/room"),
    "visits-none": Visits(here=HERE, visits=()),
    "visits-two": Visits(here=HERE, visits=(VISIT, SIBLING), locked=1),
    "visits-two-news": Visits(
        here=HERE, visits=(VISIT, SIBLING), news=News.CONFIRMED, about="visit-b"
    ),
    "check-cancel": CheckCancel(here=HERE, visit=VISIT),
    "choose-day": ChooseDay(here=HERE, visit=VISIT, days=DAYS, page=1, more=True),
    "choose-day-taken": ChooseDay(here=HERE, visit=VISIT, days=DAYS, taken=FRIDAY),
    "choose-time": ChooseTime(
        here=HERE,
        visit=VISIT,
        day=date(2026, 12, 4),
        morning=SLOTS[:3],
        afternoon=SLOTS[3:8],
        evening=SLOTS[8:],
    ),
    "choose-time-unchosen": ChooseTime(
        here=HERE,
        visit=VISIT,
        day=date(2026, 12, 4),
        evening=SLOTS[8:],
        unchosen=True,
    ),
    "choose-time-taken": ChooseTime(
        here=HERE,
        visit=VISIT,
        day=date(2026, 12, 4),
        morning=SLOTS[:2],
        taken=FRIDAY,
    ),
    "check-move": CheckMove(here=HERE, visit=VISIT, slot=SLOTS[0]),
    **NO_TIMES,
    "contact": CONTACT,
    "contact-details": replace(
        CONTACT,
        details=TextDetails(
            to=ANA_SMS, by=ConsentBy.PATIENT, ref="number-a", given=True
        ),
    ),
    "contact-renumbered": replace(CONTACT, renumbered=True),
    "contact-stopped": replace(
        CONTACT,
        preference=Preference(
            nothing=True,
            stopped_clinics=frozenset({CLINIC.clinic_id}),
            stopped_channels=frozenset(Channel),
        ),
        blocked=tuple(Channel),
    ),
    "contact-no-leads": replace(
        CONTACT, offers=replace(CONTACT.offers, leads=(), channels=())
    ),
    "unknown": Unknown(),
}
