"""What every transport promises, ours and a clinic's own: one suite over all."""

import logging

import pytest

from reminder.model.outcomes import (
    Accepted,
    BadSignature,
    Deferred,
    Finding,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.model.people import Channel
from reminder.transports.base import API_VERSION
from reminder.transports.registry import available, load
from tests.servers.certificates import Authority
from tests.transports.messages import CANARIES, NOW, callback
from tests.transports.rigs import RIGS, FarSide

pytestmark = pytest.mark.parametrize("name", sorted(RIGS))


@pytest.fixture
def far_side(name: str, authority: Authority, dead_port: int):
    """Opens a line to a far side that behaves as asked."""
    rig, _ = RIGS[name]
    return lambda behaves: rig(behaves, authority, dead_port)


@pytest.fixture
def message(name: str):
    _, make = RIGS[name]
    return make()


def test_every_transport_that_is_installed_is_in_this_suite(name: str) -> None:
    assert set(RIGS) == set(available())


def test_it_says_what_it_is(name: str) -> None:
    transport = load(name)

    assert transport.name == name
    assert transport.channel in Channel
    assert transport.api_version == API_VERSION


async def test_what_the_far_side_takes_is_accepted_once(far_side, message) -> None:
    async with far_side(FarSide.ACCEPTS) as line:
        outcome = await line.transport.send(message)

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id
    assert outcome.evidence.policy == "verified"
    assert line.tries() == 1


async def test_what_the_far_side_refuses_is_rejected_and_not_tried_again(
    far_side, message
) -> None:
    async with far_side(FarSide.REJECTS) as line:
        outcome = await line.transport.send(message)

    assert isinstance(outcome, Rejected)
    assert outcome.scope is Scope.ADDRESS
    assert line.tries() == 1


async def test_a_far_side_that_is_not_there_is_deferred(far_side, message) -> None:
    async with far_side(FarSide.IS_NOT_THERE) as line:
        outcome = await line.transport.send(message)

    assert isinstance(outcome, Deferred)
    assert not outcome.policy
    assert line.tries() == 0


async def test_a_lost_answer_is_uncertain_and_not_tried_again(
    far_side, message
) -> None:
    async with far_side(FarSide.LOSES_THE_ANSWER) as line:
        outcome = await line.transport.send(message)

    assert isinstance(outcome, Uncertain)
    assert line.tries() == 1


async def test_a_far_side_that_proves_nothing_is_told_nothing(
    far_side, message
) -> None:
    async with far_side(FarSide.PROVES_NOTHING) as line:
        outcome = await line.transport.send(message)

    assert isinstance(outcome, Deferred)
    assert outcome.policy
    assert line.tries() == 0


@pytest.mark.parametrize("behaves", FarSide, ids=lambda behaves: behaves.name)
async def test_nothing_of_the_patient_is_in_what_it_says(
    far_side, message, behaves: FarSide, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with far_side(behaves) as line:
            outcome = await line.transport.send(message)

    said = [outcome, line.transport, message, vars(line.transport)]
    logged = [
        record.getMessage()
        for record in caplog.records
        # The mail server of the test runs in this process and tells everything.
        if record.name != "mail.log"
    ]
    told = "\n".join([*map(repr, said), *logged])
    assert not any(canary in told for canary in CANARIES)


async def test_what_it_cannot_know_it_does_not_claim(far_side, message) -> None:
    async with far_side(FarSide.IS_NOT_THERE) as line:
        assert await line.transport.reconcile(message, NOW) is None


async def test_a_callback_that_nobody_signed_is_refused(far_side) -> None:
    async with far_side(FarSide.ACCEPTS) as line:
        with pytest.raises(BadSignature):
            line.transport.read_event(callback(b"MessageStatus=delivered"))

    assert line.tries() == 0


@pytest.mark.parametrize("behaves", FarSide, ids=lambda behaves: behaves.name)
async def test_a_check_always_says_something_and_sends_nothing(
    far_side, behaves: FarSide, name: str
) -> None:
    async with far_side(behaves) as line:
        findings = await line.transport.check()

    assert findings
    assert all(isinstance(finding, Finding) for finding in findings)
    if name == "smtp":
        assert line.tries() == 0


async def test_closing_twice_is_closing_once(far_side, message) -> None:
    async with far_side(FarSide.ACCEPTS) as line:
        await line.transport.send(message)
        await line.transport.aclose()
        await line.transport.aclose()
