"""Examines one EHR before it is relied on: tries everything, and says what follows."""

from collections import Counter

import httpx

from reminder.ehr import profiles
from reminder.ehr.config import EHRConfig
from reminder.ehr.probing.asking import Asking
from reminder.ehr.probing.attempts import ATTEMPTS
from reminder.ehr.probing.plan import chosen_plan
from reminder.ehr.probing.promises import overlooked, promised
from reminder.ehr.probing.session import Given, Limits, Session, Told, held
from reminder.ehr.profiles import Limit, Profile
from reminder.ehr.wire.auth import NoAuth
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.pacing import Pace
from reminder.ehr.writing.styles import writing
from reminder.model.capabilities import SearchPlan
from reminder.model.clock import Clock
from reminder.model.trials import ConnectionReport, Trial

_PLENTY = 1_000_000


async def probe(
    config: EHRConfig,
    *,
    clock: Clock,
    given: Given | None = None,
    try_writes: bool = False,
    limits: Limits | None = None,
    told: Told = lambda held, of: None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> ConnectionReport:
    """Try everything at the EHR, one request after the other.

    At most 60 requests, at the pace the connection allows, and no longer than
    `limits`. Nothing is written, but with `try_writes` one appointment, as it is.
    Whatever the server does, there is a report.
    """
    # Time is taken of each request, so that waiting for a turn comes before.
    eager = {"requests_per_s": _PLENTY, "burst": _PLENTY, "max_concurrent": 1}
    eager |= {"strict": True, "failures_before_pause": _PLENTY}
    own = config.model_copy(update=eager)
    client = FHIRClient(own, clock=clock, transport=transport)
    stranger = FHIRClient(
        own.model_copy(update={"auth": NoAuth()}), clock=clock, transport=transport
    )
    pace = Pace(per_s=config.requests_per_s, burst=config.burst, concurrent=1)
    session = Session(
        Asking(client, pace, stranger=stranger),
        config,
        clock,
        given or Given(),
        try_writes=try_writes,
        direct=transport is None,
    )
    try:
        trials = await held(ATTEMPTS, session, limits or Limits(), told)
    finally:
        await client.aclose()
        await stranger.aclose()
    return _report(session, trials)


def _report(session: Session, trials: list[Trial]) -> ConnectionReport:
    profile = _profile(session)
    config = _as_of(profile, session.config)
    by_name = {each.name: each for each in trials}
    ways, against = promised(
        writing(config, session.stated), _scopes(session), session.stated
    )
    return ConnectionReport(
        base_url=config.base_url,
        asked_at=session.clock(),
        requests=session.asking.requests,
        fhir_version=session.stated.fhir_version,
        software=session.stated.software,
        profile=profile.name if profile else None,
        profile_title=profile.title if profile else "",
        trials=tuple(trials),
        search=chosen_plan(
            by_name,
            configured=_configured(config),
            searches_by=session.stated.search_parameters,
            published=session.stated.published,
        ),
        strict=session.strict,
        writing=ways,
        writing_but=(*against, *overlooked(ways, by_name)),
        locations=Counter(session.actors("Location")),
        practitioners=Counter(session.actors("Practitioner")),
        limits=tuple(map(_sentence, profile.limit)) if profile else (),
    )


def _scopes(session: Session) -> list[str]:
    """Those in force: all asked for, where none are named as granted (RFC 6749)."""
    tokens = session.asking.client.tokens
    granted = tokens.wanted if tokens.granted is None else tokens.granted
    return (granted or "").split()


def _profile(session: Session) -> Profile | None:
    if session.config.profile is not None:
        return profiles.profile(session.config.profile)
    return profiles.recognise(session.statement or {}, session.config.base_url)


def _as_of(profile: Profile | None, config: EHRConfig) -> EHRConfig:
    """The settings as they would be under the profile that was recognised."""
    if profile is None or config.profile is not None:
        return config
    suits = EHRConfig(
        profile=profile.name,
        base_url=config.base_url,
        plain_http=config.plain_http,
        search_plan=config.search_plan,
        roster=config.roster,
    )
    unset = profile.defaults.keys() - config.model_fields_set - {"search_plan"}
    changes = {name: getattr(suits, name) for name in unset}
    return config.model_copy(update={"profile": profile.name} | changes)


def _configured(config: EHRConfig) -> SearchPlan | None:
    """The plan somebody chose, or that suits this make; None for the default.

    Where this make wants another, by-date is what it is tried with, no choice.
    """
    if config.search_plan is not SearchPlan.BY_DATE:
        return config.search_plan
    if config.profile is not None:
        return SearchPlan(profiles.profile(config.profile).search_plan)
    chosen = "search_plan" in config.model_fields_set
    return config.search_plan if chosen else None


def _sentence(limit: Limit) -> str:
    certainty = "" if limit.certain else "uncertain; "
    return f"{limit.says} ({certainty}{limit.source}, {limit.as_of})"
