"""Which addresses of a Patient or RelatedPerson can be written to, best first."""

from collections.abc import Mapping
from datetime import datetime

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberType

from reminder.ehr.reading.instants import is_current
from reminder.model.people import Channel, ContactPoint

_MOST_LOOKED_AT = 50
_LONGEST = 320  # The longest address of RFC 5321; no telephone number is longer.
_UNRANKED = 10**6
_USES = {"mobile": 0, "home": 1, "temp": 2, "work": 3}
# A text to these costs the patient, reaches nobody, or is read out to whoever
# picks up. In North America no number tells whether it is a mobile one.
_NO_SMS = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
        PhoneNumberType.PAGER,
    }
)


def contact_points(
    telecom: object, *, now: datetime, country: str
) -> tuple[ContactPoint, ...]:
    """The usable e-mail addresses and mobile numbers of a `telecom`, best first.

    `rank` decides, then the use (private before work), then the order given.
    Old ones, those outside their period and those that are no addresses are
    left out; each address is there once. A `phone` counts when its use is
    `mobile`, an `sms` always.
    """
    listed = telecom if isinstance(telecom, list) else []
    current = [point for point in listed[:_MOST_LOOKED_AT] if _is_current(point, now)]
    found = (_usable(point, country) for point in sorted(current, key=_preference))
    return tuple(dict.fromkeys(point for point in found if point is not None))


def _is_current(point: object, now: datetime) -> bool:
    if not isinstance(point, Mapping) or point.get("use") == "old":
        return False
    return is_current(point.get("period"), now)


def _preference(point: Mapping[str, object]) -> tuple[int, int]:
    rank, use = point.get("rank"), point.get("use")
    return (
        rank if isinstance(rank, int) else _UNRANKED,
        _USES.get(use, 1) if isinstance(use, str) else 1,
    )


def _usable(point: Mapping[str, object], country: str) -> ContactPoint | None:
    value = point.get("value")
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    match point.get("system"), point.get("use"):
        case "email", _:
            return _email(value)
        case ("sms", _) | ("phone", "mobile"):
            return _sms(value, country)
        case _:
            return None


def _email(value: str) -> ContactPoint | None:
    try:
        checked = validate_email(
            value.strip().removeprefix("mailto:"),
            check_deliverability=False,
            allow_smtputf8=False,
        )
    except EmailNotValidError:
        return None
    # The ASCII form: an international domain as every relay understands it.
    address = checked.ascii_email
    return ContactPoint(Channel.EMAIL, address) if address else None


def _sms(value: str, country: str) -> ContactPoint | None:
    try:
        number = phonenumbers.parse(value, country)
    except NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.number_type(number) in _NO_SMS:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return ContactPoint(Channel.SMS, e164)
