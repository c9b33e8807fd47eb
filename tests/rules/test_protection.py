import pytest

from reminder.model.messages import Protection
from reminder.model.people import Channel
from reminder.rules.protection import protect


@pytest.mark.parametrize(
    ("channel", "protection"),
    [
        pytest.param(Channel.EMAIL, Protection.TLS, id="e-mail"),
        pytest.param(Channel.SMS, Protection.PICKUP, id="sms"),
        pytest.param(Channel.VOICE, Protection.PICKUP, id="voice"),
    ],
)
def test_only_proven_encryption_may_carry_patient_data(channel, protection):
    assert protect(channel) is protection


def test_every_channel_is_protected():
    assert {protect(channel) for channel in Channel} <= set(Protection)
