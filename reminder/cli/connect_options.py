"""The options of `reminder connect`, by what they are about."""

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.connect_typed import AuthKind

_WHO = "How to prove who we are"
_HOW = "How it is reached"
_TRY = "What to try with"

_ReferenceHelp = "as file:NAME or env:NAME."

Auth = Annotated[
    AuthKind | None,
    typer.Option("--auth", help="The kind of credential.", rich_help_panel=_WHO),
]
Token = Annotated[
    str | None,
    typer.Option(help=f"bearer: the token, {_ReferenceHelp}", rich_help_panel=_WHO),
]
User = Annotated[
    str | None, typer.Option(help="basic: the user name.", rich_help_panel=_WHO)
]
Password = Annotated[
    str | None,
    typer.Option(help=f"basic: the password, {_ReferenceHelp}", rich_help_panel=_WHO),
]
ClientId = Annotated[
    str | None,
    typer.Option(
        help="client-credentials, smart: our client id.", rich_help_panel=_WHO
    ),
]
ClientSecret = Annotated[
    str | None,
    typer.Option(
        help=f"client-credentials: its secret, {_ReferenceHelp}", rich_help_panel=_WHO
    ),
]
PrivateKey = Annotated[
    str | None,
    typer.Option(
        help=f"smart: the key that signs (PEM), {_ReferenceHelp}", rich_help_panel=_WHO
    ),
]
TokenURL = Annotated[
    str | None,
    typer.Option(
        "--token-url",
        help="The token endpoint; smart finds it by itself.",
        rich_help_panel=_WHO,
    ),
]
Scope = Annotated[
    list[str] | None,
    typer.Option(help="A scope to ask for; repeat for more.", rich_help_panel=_WHO),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        help="A further header, as NAME=file:NAME or NAME=env:NAME; repeat for more.",
        rich_help_panel=_WHO,
    ),
]
ClientCertificate = Annotated[
    str | None,
    typer.Option(help="Our certificate (PEM), for mutual TLS.", rich_help_panel=_WHO),
]
ClientKey = Annotated[
    str | None,
    typer.Option(help=f"Its key (PEM), {_ReferenceHelp}", rich_help_panel=_WHO),
]
CABundle = Annotated[
    str | None,
    typer.Option(
        "--ca-bundle",
        help="A PEM file of the authorities to trust instead of the public ones.",
        rich_help_panel=_HOW,
    ),
]
Proxy = Annotated[
    str | None,
    typer.Option(
        help="The HTTP proxy, such as http://proxy:3128.", rich_help_panel=_HOW
    ),
]
PlainHTTP = Annotated[
    bool,
    typer.Option(
        "--plain-http",
        help="Allow http:// where the network is itself protected.",
        rich_help_panel=_HOW,
    ),
]
Patient = Annotated[
    str | None,
    typer.Option(help="A Patient id to search with.", rich_help_panel=_TRY),
]
Practitioner = Annotated[
    str | None,
    typer.Option(help="A Practitioner id to search with.", rich_help_panel=_TRY),
]
Location = Annotated[
    str | None,
    typer.Option(help="A Location id to search with.", rich_help_panel=_TRY),
]
Appointment = Annotated[
    str | None,
    typer.Option(help="An Appointment id to read.", rich_help_panel=_TRY),
]
TryWrites = Annotated[
    bool,
    typer.Option(
        "--try-writes",
        help="Also write one appointment under a version that cannot be: does the "
        "EHR look at If-Match? By a patch that only tests, or else by sending the "
        "oldest that is over back as it was read: where the EHR does not look, a "
        "change somebody makes to it in that second is lost.",
        rich_help_panel=_TRY,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option("--report", help="Also write the report to this file, as Markdown."),
]
