"""What a filled-in form means beside what somebody asked for before."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reminder.flows.respond.offers import LEADS, Wish, as_value, chosen
from reminder.flows.respond.page_states import Stop
from reminder.flows.respond.pages import Offers
from reminder.model.people import Channel, Preference
from tests.web.world import CLINIC

CHANNELS = st.sets(st.sampled_from(Channel))
LANGUAGES = ("en", "es", "vi")
PREFERENCES = st.builds(
    Preference,
    channel=st.none() | st.sampled_from(Channel),
    language=st.none() | st.sampled_from(LANGUAGES),
    lead=st.none() | st.sampled_from((*LEADS, timedelta(days=30))),
    nothing=st.booleans(),
    stopped_clinics=st.frozensets(st.sampled_from(["lake", "hill", "shore"])),
    stopped_channels=st.frozensets(st.sampled_from(Channel)),
)
STOPS = {
    Channel.SMS: Stop.SMS,
    Channel.EMAIL: Stop.EMAIL,
    Channel.VOICE: Stop.VOICE,
}


@st.composite
def offered(draw: st.DrawFn, before: Preference) -> Offers:
    """What some clinic offers somebody who asked for this before."""
    usable = draw(CHANNELS)
    return Offers(
        channels=tuple(usable),
        languages=tuple(draw(st.sets(st.sampled_from(LANGUAGES), min_size=1))),
        leads=tuple(draw(st.sets(st.sampled_from(LEADS)))),
        stoppable=tuple(usable | before.stopped_channels),
    )


def as_shown(before: Preference, offers: Offers) -> Wish:
    """The form as the page fills it in."""
    stops = {STOPS[one] for one in before.stopped_channels}
    stops |= {Stop.CLINIC} if CLINIC.clinic_id in before.stopped_clinics else set()
    stops |= {Stop.EVERYTHING} if before.nothing else set()
    shown = {
        "channel": (before.channel, offers.channels),
        "language": (before.language, offers.languages),
        "lead": (before.lead, offers.leads),
    }
    values = {
        name: as_value(value) if value is not None and value in those else ""
        for name, (value, those) in shown.items()
    }
    return Wish(stops=frozenset(stops), **values)


@given(st.data(), PREFERENCES)
def test_a_form_that_nobody_changed_changes_nothing(
    data: st.DataObject, before: Preference
) -> None:
    offers = data.draw(offered(before))

    assert chosen(as_shown(before, offers), offers, before, CLINIC) == before


@given(st.data(), PREFERENCES, st.text(max_size=5), st.sets(st.sampled_from(Stop)))
def test_whatever_is_sent_only_what_is_offered_comes_of_it(
    data: st.DataObject, before: Preference, junk: str, stops: set[Stop]
) -> None:
    offers = data.draw(offered(before))
    wish = Wish(channel=junk, language=junk, lead=junk, stops=frozenset(stops))

    after = chosen(wish, offers, before, CLINIC)

    here = {CLINIC.clinic_id}
    assert after.channel in {None, before.channel, *offers.channels}
    assert after.lead in {None, before.lead, *offers.leads}
    assert after.stopped_clinics - here == before.stopped_clinics - here
    assert (here <= after.stopped_clinics) == (Stop.CLINIC in stops)
    assert after.nothing == (Stop.EVERYTHING in stops)
    assert after.stopped_channels <= {*offers.stoppable}
