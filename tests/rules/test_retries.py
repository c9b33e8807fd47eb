from datetime import timedelta
from uuid import UUID

import pytest

from reminder.model.answers import WriteBack, WriteBackKind
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import ClaimedMessage, MessageKind
from reminder.model.outcomes import (
    Accepted,
    Deferred,
    DeliveryEvent,
    DeliveryState,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.model.people import Channel
from reminder.model.reasons import Reason
from reminder.model.settlements import AwaitReport, GiveUp, NextRoute, Sent, TryAgain
from reminder.rules.retries import (
    after,
    after_failure,
    after_uncertain,
    write_back_again,
)
from tests.rules.examples import SMS, minutes, utc

QUEUED = utc("2027-03-16 14:00")
"""Tue 16 Mar 2027 10:00 EDT."""


def message(*, useful=timedelta(hours=22), tried_for=None, **changes):
    return ClaimedMessage(
        **{
            "message_id": UUID(int=1),
            "kind": MessageKind.REMINDER,
            "clinic_id": "harbor",
            "channel": Channel.SMS,
            "to": SMS,
            "language": "en",
            "template": "reminder",
            "appointments": (AppointmentKey("ehr", "a1", "p1"),),
            "queued_at": QUEUED,
            "first_tried_at": None if tried_for is None else QUEUED,
            "useful_until": QUEUED + useful,
            "lease_until": QUEUED + minutes(5),
            "fence": 1,
        }
        | changes
    )


@pytest.mark.parametrize("has_next_route", [True, False])
@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        pytest.param(Accepted("SM1"), Sent(), id="accepted"),
        pytest.param(Deferred("451"), TryAgain(QUEUED + minutes(1)), id="deferred"),
        pytest.param(
            Deferred("no-starttls", policy=True),
            TryAgain(QUEUED + minutes(1)),
            id="deferred-for-policy",
        ),
        pytest.param(
            Rejected("550"), NextRoute(Reason.NOT_DELIVERED), id="address-rejected"
        ),
        pytest.param(
            Rejected("21610", Scope.OPTED_OUT),
            NextRoute(Reason.ADDRESS_OPTED_OUT),
            id="opted-out",
        ),
        pytest.param(
            Rejected("30007", Scope.CONTENT),
            NextRoute(Reason.NOT_DELIVERED),
            id="content-rejected",
        ),
        pytest.param(
            Rejected("20003", Scope.ACCOUNT),
            TryAgain(QUEUED + minutes(15)),
            id="our-account",
        ),
        pytest.param(
            Uncertain("ReadTimeout"), AwaitReport(QUEUED + minutes(3)), id="uncertain"
        ),
    ],
)
def test_what_follows_from_the_first_try(outcome, then, has_next_route):
    found = after(outcome, message(), QUEUED, has_next_route=has_next_route)

    assert found == then


@pytest.mark.parametrize(
    ("attempt", "delay"),
    [
        pytest.param(1, minutes(1), id="first"),
        pytest.param(2, minutes(5), id="second"),
        pytest.param(3, minutes(15), id="third"),
        pytest.param(4, minutes(30), id="fourth"),
        pytest.param(5, minutes(60), id="fifth"),
        pytest.param(6, minutes(60), id="hourly-from-then-on"),
        pytest.param(20, minutes(60), id="and-on"),
    ],
)
def test_the_waits_grow_to_an_hour(attempt, delay):
    tried = message(useful=timedelta(days=5), attempt=attempt, tried_for=minutes(0))

    found = after(Deferred("451"), tried, QUEUED, has_next_route=False)

    assert found == TryAgain(QUEUED + delay)


@pytest.mark.parametrize("outcome", [Deferred("30001"), Rejected("1", Scope.ACCOUNT)])
def test_our_own_account_is_tried_every_quarter_of_an_hour(outcome):
    tried = message(attempt=6, tried_for=minutes(0))

    found = after(outcome, tried, QUEUED, has_next_route=False)

    wait = 60 if isinstance(outcome, Deferred) else 15
    assert found == TryAgain(QUEUED + minutes(wait))


@pytest.mark.parametrize(
    ("wish", "delay"),
    [
        pytest.param(minutes(10), minutes(10), id="longer-is-honoured"),
        pytest.param(timedelta(seconds=5), minutes(1), id="shorter-does-not-hurry-us"),
        pytest.param(timedelta(0), minutes(1), id="none-at-all"),
    ],
)
def test_the_far_sides_own_wish(wish, delay):
    found = after(Deferred("429", after=wish), message(), QUEUED, has_next_route=False)

    assert found == TryAgain(QUEUED + delay)


def schedule(useful, *, has_next_route, outcome=Deferred("451")):  # noqa: B008
    """The minutes at which a message is tried if all tries end alike, and its end."""
    now, tries = QUEUED, []
    for attempt in range(1, 100):
        tries.append((now - QUEUED) // minutes(1))
        tried = message(useful=useful, attempt=attempt, tried_for=now - QUEUED)
        then = after(outcome, tried, now, has_next_route=has_next_route)
        if not isinstance(then, TryAgain):
            return tries, then
        now = then.at
    raise AssertionError("it never ended")


def test_a_channel_with_a_successor_is_tried_for_four_hours():
    tries, end = schedule(timedelta(hours=22), has_next_route=True)

    assert tries == [0, 1, 6, 21, 51, 111, 171, 231]
    assert end == NextRoute(Reason.NOT_DELIVERED)


def test_a_channel_with_a_successor_gets_half_of_a_short_usefulness():
    tries, end = schedule(timedelta(hours=2), has_next_route=True)

    assert tries == [0, 1, 6, 21, 51]
    assert end == NextRoute(Reason.NOT_DELIVERED)


def test_the_last_channel_is_tried_as_long_as_the_message_is_useful():
    tries, end = schedule(timedelta(hours=5), has_next_route=False)

    assert tries == [0, 1, 6, 21, 51, 111, 171, 231, 291]
    assert end == GiveUp(Reason.NO_LONGER_USEFUL)


def test_our_own_fault_is_given_up_as_other_trouble_is():
    fault = Rejected("20003", Scope.ACCOUNT)

    tries, end = schedule(timedelta(hours=1), has_next_route=False, outcome=fault)
    _, change = schedule(timedelta(hours=1), has_next_route=True, outcome=fault)

    assert tries == [0, 15, 30, 45]
    assert end == GiveUp(Reason.NO_LONGER_USEFUL)
    assert change == NextRoute(Reason.NOT_DELIVERED)


@pytest.mark.parametrize(
    ("has_next_route", "then"),
    [
        pytest.param(True, NextRoute(Reason.NOT_PROTECTED), id="next-channel"),
        pytest.param(False, GiveUp(Reason.NOT_PROTECTED), id="no-next-channel"),
    ],
)
def test_what_could_not_be_protected_says_so_in_the_end(has_next_route, then):
    unprotected = Deferred("no-starttls", policy=True)

    _, end = schedule(
        timedelta(hours=5), has_next_route=has_next_route, outcome=unprotected
    )

    assert end == then


def test_a_wish_beyond_the_channels_patience_is_answered_by_the_next_channel():
    tomorrow = Deferred("429", after=timedelta(hours=6))

    found = after(tomorrow, message(), QUEUED, has_next_route=True)

    assert found == NextRoute(Reason.NOT_DELIVERED)


def test_what_was_held_for_long_does_not_wait_beyond_its_usefulness():
    held_until = QUEUED + timedelta(hours=21, minutes=50)

    last = message(attempt=4)
    found = after(Deferred("451"), last, held_until, has_next_route=True)

    assert found == NextRoute(Reason.NOT_DELIVERED)


def test_no_other_channel_helps_once_it_is_too_late():
    too_late = QUEUED + timedelta(hours=22)

    found = after(Deferred("451"), message(), too_late, has_next_route=True)

    assert found == GiveUp(Reason.NO_LONGER_USEFUL)


LATER = QUEUED + minutes(3)


@pytest.mark.parametrize(
    ("found", "tries", "has_next_route", "then"),
    [
        pytest.param(Accepted("SM1"), 1, True, Sent(), id="it-arrived"),
        pytest.param(Accepted("SM1"), 2, False, Sent(), id="it-arrived-at-last"),
        pytest.param(
            Rejected("30003"), 1, True, NextRoute(Reason.NOT_DELIVERED), id="refused"
        ),
        pytest.param(
            Deferred("queued"), 1, True, TryAgain(LATER + minutes(1)), id="never-left"
        ),
        pytest.param(None, 1, True, TryAgain(LATER), id="unknown-once-more"),
        pytest.param(
            Uncertain("?"), 1, False, TryAgain(LATER), id="still-uncertain-once-more"
        ),
        pytest.param(
            None,
            2,
            True,
            NextRoute(Reason.DELIVERY_UNKNOWN),
            id="unknown-twice-by-another-channel",
        ),
        pytest.param(
            Uncertain("?"),
            2,
            False,
            GiveUp(Reason.DELIVERY_UNKNOWN),
            id="unknown-twice-to-a-human",
        ),
    ],
)
def test_what_follows_once_the_far_side_was_asked(found, tries, has_next_route, then):
    uncertain = message(uncertain_tries=tries)

    assert (
        after_uncertain(found, uncertain, LATER, has_next_route=has_next_route) == then
    )


@pytest.mark.parametrize("has_next_route", [True, False])
@pytest.mark.parametrize("tries", [1, 2])
def test_what_is_not_known_is_not_sent_again_once_it_is_useless(tries, has_next_route):
    uncertain = message(uncertain_tries=tries, useful=minutes(3))

    found = after_uncertain(None, uncertain, LATER, has_next_route=has_next_route)

    assert found == GiveUp(Reason.DELIVERY_UNKNOWN)


@pytest.mark.parametrize("tries", range(4))
@pytest.mark.parametrize("has_next_route", [True, False])
def test_what_is_not_known_never_counts_as_sent(tries, has_next_route):
    uncertain = message(uncertain_tries=tries)

    found = after_uncertain(None, uncertain, LATER, has_next_route=has_next_route)

    assert found != Sent()


def failure(**changes):
    return DeliveryEvent(
        **{
            "message_id": UUID(int=1),
            "provider_id": "SM1",
            "state": DeliveryState.FAILED,
        }
        | changes
    )


@pytest.mark.parametrize("has_next_route", [True, False])
@pytest.mark.parametrize(
    ("event", "failures", "then"),
    [
        pytest.param(failure(), 1, NextRoute(), id="hard"),
        pytest.param(
            failure(passing=True), 1, TryAgain(LATER + minutes(30)), id="may-pass"
        ),
        pytest.param(failure(passing=True), 2, NextRoute(), id="did-not-pass"),
        pytest.param(
            failure(scope=Scope.OPTED_OUT, opted_out=True),
            1,
            NextRoute(Reason.ADDRESS_OPTED_OUT),
            id="opted-out",
        ),
        pytest.param(failure(scope=Scope.SENDER), 1, NextRoute(), id="filtered"),
        pytest.param(
            failure(scope=Scope.ACCOUNT), 7, TryAgain(LATER + minutes(15)), id="ours"
        ),
    ],
)
def test_what_follows_from_a_report_that_it_did_not_arrive(
    event, failures, then, has_next_route
):
    found = after_failure(
        event,
        message(tried_for=minutes(1)),
        LATER,
        failures=failures,
        has_next_route=has_next_route,
    )

    assert found == then


@pytest.mark.parametrize(
    ("has_next_route", "useful", "then"),
    [
        (False, minutes(31), GiveUp(Reason.NO_LONGER_USEFUL)),
        (True, minutes(40), NextRoute()),
        (False, minutes(60), TryAgain(LATER + minutes(30))),
    ],
    ids=["stale", "the next is quicker", "in time"],
)
def test_what_may_pass_is_not_waited_for_too_long(has_next_route, useful, then):
    waiting = message(tried_for=minutes(1), useful=useful)

    found = after_failure(
        failure(passing=True),
        waiting,
        LATER,
        failures=1,
        has_next_route=has_next_route,
    )

    assert found == then


def write_back(kind=WriteBackKind.CANCEL, *, attempt=1, slot_start_at=None):
    return WriteBack(
        write_back_id=UUID(int=2),
        kind=kind,
        appointment=AppointmentKey("ehr", "a1", "p1"),
        attempt=attempt,
        created_at=QUEUED,
        slot_start_at=slot_start_at,
    )


@pytest.mark.parametrize(
    ("waiting", "waited", "retry_after", "again_after"),
    [
        pytest.param(write_back(), minutes(0), None, minutes(1), id="first"),
        pytest.param(
            write_back(attempt=9), minutes(0), None, minutes(5), id="a-patient-waits"
        ),
        pytest.param(
            write_back(WriteBackKind.COMMUNICATION, attempt=9),
            minutes(0),
            None,
            minutes(60),
            id="hourly-at-last",
        ),
        pytest.param(
            write_back(attempt=0), minutes(0), None, minutes(1), id="before-any-try"
        ),
        pytest.param(
            write_back(), minutes(0), minutes(20), minutes(20), id="as-the-ehr-wishes"
        ),
        pytest.param(
            write_back(),
            timedelta(hours=23, minutes=58),
            None,
            minutes(1),
            id="last-try",
        ),
        pytest.param(
            write_back(), timedelta(hours=23, minutes=59), None, None, id="after-a-day"
        ),
        pytest.param(
            write_back(WriteBackKind.MOVE, slot_start_at=QUEUED + minutes(30)),
            minutes(29),
            None,
            None,
            id="a-move-not-beyond-the-new-start",
        ),
        pytest.param(
            write_back(WriteBackKind.COMMUNICATION),
            timedelta(days=2),
            None,
            minutes(1),
            id="a-communication-waits-longer",
        ),
        pytest.param(
            write_back(WriteBackKind.COMMUNICATION),
            timedelta(days=7),
            None,
            None,
            id="but-not-for-ever",
        ),
    ],
)
def test_when_an_ehr_that_did_not_answer_is_written_to_again(
    waiting, waited, retry_after, again_after
):
    now = QUEUED + waited

    found = write_back_again(waiting, now, retry_after)

    assert found == (None if again_after is None else now + again_after)
