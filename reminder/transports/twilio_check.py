"""What `reminder check` says about a Twilio account, in words for hospital IT."""

from collections.abc import Awaitable
from typing import Any

import httpx
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from reminder.model.outcomes import Finding, Verdict
from reminder.transports.twilio_config import TwilioSMSConfig

_CREDENTIALS, _SENDER = "twilio credentials", "twilio sender"


async def findings(sdk: Client, config: TwilioSMSConfig) -> list[Finding]:
    """One line for the account, one for the number or service we send from."""
    account, code = await _ask(sdk.api.accounts(config.account_sid).fetch_async())
    if account is None:
        advice = f"{code}. Check account_sid and auth_token, and the way to Twilio."
        return [
            Finding(_CREDENTIALS, Verdict.FAIL, advice),
            Finding(_SENDER, Verdict.UNKNOWN),
        ]
    sender = await _check_sender(sdk, config)
    if account.status != "active":
        advice = "The account is not active: see Twilio's console."
        return [Finding(_CREDENTIALS, Verdict.FAIL, advice), sender]
    return [Finding(_CREDENTIALS, Verdict.PASS), sender]


async def _check_sender(sdk: Client, config: TwilioSMSConfig) -> Finding:
    if config.messaging_service_sid is not None:
        services = sdk.messaging.v1.services
        service, code = await _ask(services(config.messaging_service_sid).fetch_async())
        if service is None:
            advice = f"{code}. Check messaging_service_sid."
            return Finding(_SENDER, Verdict.FAIL, advice)
        return Finding(_SENDER, Verdict.PASS)
    if not (config.from_number or "").startswith("+"):
        advice = "Twilio does not list short codes and sender ids: send one to try it."
        return Finding(_SENDER, Verdict.UNKNOWN, advice)
    numbers, code = await _ask(
        sdk.incoming_phone_numbers.list_async(phone_number=config.from_number, limit=1)
    )
    if numbers is None:
        return Finding(_SENDER, Verdict.UNKNOWN, f"{code}.")
    if not numbers:
        advice = "from_number is not a number of this account."
        return Finding(_SENDER, Verdict.FAIL, advice)
    return Finding(_SENDER, Verdict.PASS)


async def _ask(answer: Awaitable[Any]) -> tuple[Any | None, str]:
    """The answer, or None and a code that quotes nothing."""
    try:
        return await answer, ""
    except TwilioException as error:
        return None, f"http {getattr(error, 'status', '?')}"
    except httpx.HTTPError as error:
        return None, type(error).__name__
    except (ValueError, KeyError, TypeError, AttributeError):
        return None, "answer-unreadable"
