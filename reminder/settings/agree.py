"""What settings must agree on although each is right by itself."""

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from reminder.ehr.wire.tls import CertificateUnusable, show
from reminder.model.people import Channel
from reminder.model.remarks import Severity
from reminder.rules.inheritance import dangling
from reminder.rules.lint import lint
from reminder.rules.offsets import days_ahead, print_offset
from reminder.rules.ruleset_parts import RulesetPart
from reminder.settings.problems import Location, Problem, Source
from reminder.settings.tree import Settings
from reminder.transports import registry


def disagreements(
    settings: Settings,
    transports: Mapping[str, BaseModel],
    source: Source,
    folder: Path,
) -> list[Problem]:
    """Everything of the kind, with where it stands."""
    return [
        *_channels_without_a_share(settings, source),
        *_unreachable_channels(settings, source),
        *_steps_beyond_the_horizon(settings, source),
        *_rules_not_left_out(settings, source),
        *_rules_nobody_can_mean(settings, source),
        *_unusable_bundles(settings, transports, source, folder),
        *_unusable_certificates(settings, source, folder),
    ]


def _steps_beyond_the_horizon(settings: Settings, source: Source) -> list[Problem]:
    """A step due before the visit is even read would be too late for everybody."""
    steps = [
        (days_ahead(step.offset, len(clinic.business_weekdays)), step)
        for clinic in settings.directory().clinics
        for rule in clinic.ruleset.rules
        for step in rule.steps
    ]
    days, step = max(steps, key=lambda one: one[0], default=(0, None))
    if step is None or days <= settings.work.horizon_days:
        return []
    sentence = (
        f"step {step.step_id!r} is due {print_offset(step.offset)}: "
        f"read at least {days} days ahead"
    )
    return [source.problem(("work", "horizon_days"), sentence)]


def _rules_not_left_out(settings: Settings, source: Source) -> list[Problem]:
    """A rule that is left out by a wrong name would go on being followed.

    What is in the store is not known here: without the organisation's rules in
    this file nothing can be said of them.
    """
    organisation = settings.shared_rules()
    return [
        source.problem(
            ("clinic", place, "without"),
            f"{remark.place.rpartition(' ')[2]}: {remark.problem}; {remark.advice}",
        )
        for place, clinic in enumerate(settings.clinic)
        if (document := clinic.document()) is not None
        and (organisation is not None or not document.extends)
        for remark in dangling(document, organisation)
    ]


def _rules_nobody_can_mean(settings: Settings, source: Source) -> list[Problem]:
    """What would keep them from being published keeps them out of the file as well."""
    directory = settings.directory()
    return [
        source.problem(
            ("clinic", place, "rule"),
            f"{remark.place}: {remark.problem}; {remark.advice}",
        )
        for place, clinic in enumerate(directory.clinics)
        for remark in lint(clinic.ruleset, clinic)
        if remark.severity is Severity.ERROR
    ]


def _channels_without_a_share(settings: Settings, source: Source) -> list[Problem]:
    """Where every transport waits for the trouble of another nothing would go."""
    transports: dict[Channel, list[str]] = {}
    for name in settings.transport:
        transports.setdefault(registry.load(name).channel, []).append(name)
    return [
        source.problem(
            ("transport", names[0], "share"),
            f"one transport for {channel.value} needs a share above 0",
        )
        for channel, names in transports.items()
        if not any(settings.lane(name).share for name in names)
    ]


def _unusable_bundles(
    settings: Settings,
    transports: Mapping[str, BaseModel],
    source: Source,
    folder: Path,
) -> list[Problem]:
    """Authorities nobody can load would stop every connection, one by one."""
    parts: list[tuple[tuple[int | str, ...], BaseModel]] = [
        (("connection", place), part) for place, part in enumerate(settings.connection)
    ]
    parts += [(("transport", name), part) for name, part in transports.items()]
    problems = []
    for location, part in parts:
        bundle = getattr(part, "ca_bundle", None)
        if isinstance(bundle, Path) and (sentence := _unusable(folder / bundle)):
            problems.append(source.problem((*location, "ca_bundle"), sentence))
    return problems


def _unusable(bundle: Path) -> str | None:
    try:
        ssl.create_default_context(cafile=bundle)
    except ssl.SSLError:
        return "the file holds no certificates in PEM"
    except OSError:
        return "the file cannot be read"
    return None


def _unusable_certificates(
    settings: Settings, source: Source, folder: Path
) -> list[Problem]:
    """One that cannot be shown would be missed at the first request only."""
    problems = []
    for place, part in enumerate(settings.connection):
        if part.client_certificate is None or part.client_key is None:
            continue
        password = part.client_key_password
        try:
            show(
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                folder / part.client_certificate,
                part.client_key.get_secret_value(),
                password.get_secret_value() if password else None,
            )
        except CertificateUnusable as error:
            location = ("connection", place, error.setting)
            problems.append(source.problem(location, str(error)))
    return problems


def _unreachable_channels(settings: Settings, source: Source) -> list[Problem]:
    """A step whose channel has no transport would wait until it is worth nothing."""
    channels = {registry.load(name).channel for name in settings.transport}
    return [
        source.problem(
            (*owner, "rule", j, "steps", k, "channels"),
            f"no [transport.…] is set up for {channel.value}",
        )
        for owner, part in _rulesets(settings)
        for j, rule in enumerate(part.rule)
        for k, step in enumerate(rule.steps)
        for channel in step.channels
        if channel not in channels
    ]


def _rulesets(settings: Settings) -> Iterator[tuple[Location, RulesetPart]]:
    if settings.organisation is not None:
        yield ("organisation",), settings.organisation
    for place, clinic in enumerate(settings.clinic):
        yield ("clinic", place), clinic
