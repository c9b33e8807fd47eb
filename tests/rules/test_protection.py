import pytest

from reminder.model.messages import Protection
from reminder.model.people import Channel
from reminder.rules.protection import protect


@pytest.mark.parametrize(
    ("channel", "consented", "protection"),
    [
        pytest.param(Channel.EMAIL, False, Protection.TLS, id="e-mail"),
        pytest.param(Channel.EMAIL, True, Protection.TLS, id="e-mail-never-in-clear"),
        pytest.param(Channel.SMS, False, Protection.PICKUP, id="sms"),
        pytest.param(Channel.SMS, True, Protection.PLAIN, id="sms-by-choice"),
        pytest.param(Channel.VOICE, False, Protection.PICKUP, id="voice"),
        pytest.param(Channel.VOICE, True, Protection.PLAIN, id="voice-by-choice"),
    ],
)
def test_only_proven_encryption_or_the_patients_choice_lets_data_out(
    channel, consented, protection
):
    assert protect(channel, consented=consented) is protection


@pytest.mark.parametrize("channel", Channel)
def test_without_a_choice_nothing_goes_in_clear(channel):
    assert protect(channel) is not Protection.PLAIN
