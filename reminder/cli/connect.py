"""`reminder connect`: tries an EHR, says what it can do, and keeps it in settings."""

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from reminder.app.clock import system_clock
from reminder.cli import connect_options as options
from reminder.cli import connect_typed as typed
from reminder.cli.connect_outcome import Outcome, tell
from reminder.cli.connect_output import as_markdown
from reminder.cli.connect_settings import (
    Draft,
    create_keys,
    draft_of,
)
from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.cli.progress import progress
from reminder.ehr.probing.probe import probe
from reminder.ehr.probing.session import Given
from reminder.ehr.profiles import profiles
from reminder.ehr.wire.tls import CertificateUnusable
from reminder.model.trials import ConnectionReport
from reminder.settings.writing import write


def connect(
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="URL|NAME",
            help="The FHIR base URL, or the name of a connection in reminder.toml.",
        ),
    ] = None,
    config: Config = Path("reminder.toml"),
    *,
    name: Annotated[
        str | None, typer.Option(help="What to call the connection; never changes.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="The EHR's make; recognised by itself where possible."),
    ] = None,
    list_profiles: Annotated[
        bool, typer.Option("--profiles", help="List the makes that are known.")
    ] = False,
    write_it: Annotated[
        bool | None,
        typer.Option(
            "--write/--no-write",
            help="Whether reminder.toml is changed; by default where the connection "
            "is new there and can work.",
        ),
    ] = None,
    as_json: AsJSON = False,
    report_to: options.Report = None,
    auth: options.Auth = None,
    token: options.Token = None,
    user: options.User = None,
    password: options.Password = None,
    client_id: options.ClientId = None,
    client_secret: options.ClientSecret = None,
    private_key: options.PrivateKey = None,
    token_url: options.TokenURL = None,
    scope: options.Scope = None,
    header: options.Header = None,
    client_certificate: options.ClientCertificate = None,
    client_key: options.ClientKey = None,
    ca_bundle: options.CABundle = None,
    proxy: options.Proxy = None,
    plain_http: options.PlainHTTP = False,
    patient: options.Patient = None,
    practitioner: options.Practitioner = None,
    location: options.Location = None,
    appointment: options.Appointment = None,
    try_writes: options.TryWrites = False,
) -> None:
    """Try an EHR: what works, what does not, and what Reminder does instead.

    Reads /metadata and at most 60 requests more; writes nothing into the EHR.
    """
    if list_profiles:
        _list_profiles(as_json=as_json)
        return
    credentials = typed.Credentials(
        auth=auth,
        token=token,
        user=user,
        password=password,
        client_id=client_id,
        client_secret=client_secret,
        private_key=private_key,
        token_url=token_url,
        scope=scope or (),
    )
    way = {
        "profile": profile,
        "client_certificate": client_certificate,
        "client_key": client_key,
        "ca_bundle": ca_bundle,
        "proxy": proxy,
        "plain_http": plain_http,
    }
    given = Given(appointment, patient, practitioner, location)
    with reported(as_json=as_json):
        fields = _fields(credentials, way, header or [])
        wanted = _required(target)
        tried = draft_of(wanted, name, config, fields)
        report = _tried(tried, given, try_writes=try_writes)
        # That took a while: somebody may have written into the file since.
        draft = draft_of(wanted, name, config, fields)
        same = draft.connection() == tried.connection()
        outcome = _written(draft, report, write_it, same=same)
        if report_to is not None:
            report_to.write_text(as_markdown(report), encoding="utf-8")
    tell(outcome, as_json=as_json)
    if not report.can_work:
        raise typer.Exit(Exit.FOUND_PROBLEMS)


def _required(target: str | None) -> str:
    if target is None:
        raise typed.wrong_use(
            "Which EHR?", do="Write: reminder connect https://ehr.example.org/fhir"
        )
    return target


def _fields(
    credentials: typed.Credentials, way: dict[str, Any], headers: list[str]
) -> dict[str, Any]:
    """What was typed, as fields of a connection; what was not typed is not there."""
    if way["client_key"]:
        typed.reference("--client-key", way["client_key"])
    fields = {key: value for key, value in way.items() if value}
    if headers:
        fields["headers"] = typed.headers(headers)
    return fields | credentials.fields()


def _tried(draft: Draft, given: Given, *, try_writes: bool) -> ConnectionReport:
    connection = draft.connection()
    with progress("trials") as advance:
        try:
            return asyncio.run(
                probe(
                    connection,
                    clock=system_clock,
                    given=given,
                    try_writes=try_writes,
                    told=advance,
                )
            )
        except CertificateUnusable as error:
            raise _unusable(error) from None


def _unusable(error: CertificateUnusable) -> Stopped:
    trouble = Trouble("Our certificate cannot be shown.", error.setting, str(error))
    return Stopped(Exit.CONFIGURATION, trouble)


def _written(
    draft: Draft,
    report: ConnectionReport,
    wish: bool | None,  # noqa: FBT001
    *,
    same: bool,
) -> Outcome:
    text = draft.with_results(report) if same else draft.text
    why_not = _why_not(draft, report, wish, changes=text != draft.before)
    if not same:
        why_not = (
            f"{draft.file} was left alone: what it says of {draft.name} was changed "
            "while this was tried. Run it again."
        )
    keys = None
    if not why_not:
        write(draft.file, text)
        if draft.before is None:
            keys = create_keys(draft.file.parent)
    return Outcome(draft, report, text, not why_not, why_not, keys)


def _why_not(
    draft: Draft,
    report: ConnectionReport,
    wish: bool | None,  # noqa: FBT001
    *,
    changes: bool,
) -> str:
    """Why nothing is written; empty where it is."""
    if draft.lacks_roster(report):
        return (
            f"{draft.file} was left alone: plan by-roster needs a roster. Give one to "
            "try with: --practitioner ID or --location ID."
        )
    if not changes:
        return f"{draft.file} says all of this already."
    if wish is not None:
        return "" if wish else f"{draft.file} was left alone; --write would change it:"
    if draft.is_known:
        return f"{draft.file} knows {draft.name} already; --write would change it:"
    if not report.can_work:
        return f"{draft.file} was left alone, since this cannot work; --write insists."
    return ""


def _list_profiles(*, as_json: bool) -> None:
    if as_json:
        show_json([each.model_dump(mode="json") for each in profiles()])
        return
    show(
        ("profile", "make", "search plan", "limits"),
        [
            (each.name, each.title, each.search_plan, len(each.limit))
            for each in profiles()
        ],
        empty="",
    )
