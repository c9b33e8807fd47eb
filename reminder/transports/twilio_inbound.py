"""Replies that Twilio hands on: proven to be Twilio's, then read as far as we need."""

import re
from collections.abc import Sequence

from reminder.model.inbound import Inbound
from reminder.model.outcomes import BadSignature, Callback
from reminder.model.people import Channel, ContactPoint
from reminder.transports.twilio_forms import Form, proven_form

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_OURS = re.compile(r"\+?[A-Za-z0-9 ]{1,16}")
# How each parameter that is read here begins, with its name and value run together.
_BEGINS = re.compile(
    r"Body|From\+?[0-9]|To\+?[0-9]|(Message|Account)Sid[A-Z]{2}[0-9a-fA-F]{32}"
)
_READ = ("AccountSid", "Body", "From", "MessageSid", "To")


def read_reply(
    request: Callback, transport: str, *, account_sid: str, auth_tokens: Sequence[str]
) -> Inbound:
    """The reply in a request; pictures and what else came with it are left there.

    Raises:
        BadSignature: no token of ours signed it, it is another account's, or
            is no reply from a number.
    """
    form = proven_form(request, account_sid=account_sid, auth_tokens=auth_tokens)
    if _seam_was_moved(form):
        raise BadSignature("a parameter's name and value were parted elsewhere")
    number, ours = form.only("From"), form.only("To")
    if not form.getlist("Body") or form.getlist("MessageStatus"):
        raise BadSignature("no reply")
    if not _E164.fullmatch(number) or not _OURS.fullmatch(ours):
        raise BadSignature("no reply from a number to one of ours")
    return Inbound(
        transport=transport,
        provider_id=form.sid("MessageSid"),
        from_point=ContactPoint(Channel.SMS, number),
        sender_id=ours,
        # No database keeps a NUL in a text.
        text=form.only("Body").replace("\0", "\N{REPLACEMENT CHARACTER}"),
    )


def _seam_was_moved(form: Form) -> bool:
    # As for reports, the signature covers names and values run together. Only
    # the patient's own words may look like anything: what is cut off from
    # them, or put onto them, leaves another name, or one twice, or one less.
    return any(
        not _NAME.fullmatch(name)
        or (name not in _READ and _BEGINS.match(name + value) is not None)
        or (name != "Body" and _BEGINS.search(value) is not None)
        for name, value in form.pairs
    )
