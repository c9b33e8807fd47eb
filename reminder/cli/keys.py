"""`reminder keys`: the keys by which EHRs know us (SMART Backend Services)."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.ehr.wire.jwks import Alg, SMARTKey, new_key, read_key
from reminder.ehr.wire.published import keys_of
from reminder.settings.load import load
from reminder.settings.problems import SettingsError

JWKS_PATH = "/.well-known/jwks.json"

app = typer.Typer(
    help="The keys by which EHRs know us (SMART Backend Services).",
    no_args_is_help=True,
)

File = Annotated[Path, typer.Argument(help="Where to write it; nothing may be there.")]
Algorithm = Annotated[
    Alg, typer.Option("--alg", help="RS384 (RSA), or ES384 (EC on P-384).")
]


@app.command("new")
def new(
    file: File,
    alg: Algorithm = "RS384",
    config: Config = Path("reminder.toml"),
    *,
    as_json: AsJSON = False,
) -> None:
    """Make a private key that nobody else may read, and say what to register."""
    with reported(as_json=as_json):
        pem = new_key(alg)
        _write(file, pem)
        key, jwks_url = read_key(pem), _jwks_url(config)
    if as_json:
        told = {"file": str(file), "kid": key.kid, "alg": key.alg}
        show_json(told | {"jwks_url": jwks_url, "jwk": key.public()})
    else:
        _tell(file, _reference(file, config), key, jwks_url)


@app.command("show")
def show_keys(
    config: Config = Path("reminder.toml"), *, as_json: AsJSON = False
) -> None:
    """Which keys there are: the connection, the key's id, and what it is for."""
    with reported(as_json=as_json):
        settings = load(config).settings
        rows = [
            (connection.name, each.key.kid, each.key.alg, _use(signs=each.signs))
            for connection in settings.connection
            for each in keys_of(connection.auth)
        ]
    columns = ("connection", "kid", "alg", "use")
    if as_json:
        show_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        show(columns, rows, empty="No connection signs in with a key.")


def _use(*, signs: bool) -> str:
    return "signs" if signs else "published"


def _write(file: Path, pem: str) -> None:
    """The key where nothing was: one that is overwritten is lost to every EHR."""
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Stopped(
            Exit.CONFLICT,
            Trouble(
                "Nothing was written.",
                str(file),
                "It is already there, and may be the key that some EHR knows.",
                "Name another file.",
            ),
        ) from None
    with os.fdopen(opened, "w") as written:
        written.write(pem)
        written.flush()
        os.fsync(written.fileno())


def _jwks_url(config: Path) -> str | None:
    """Where the EHR fetches our keys; None while the settings do not say."""
    try:
        return load(config).settings.public_url + JWKS_PATH
    except SettingsError:
        return None


def _reference(file: Path, config: Path) -> str:
    """The file as the settings name it: beside them by its name alone."""
    whole = file.resolve()
    return whole.name if whole.parent == config.resolve().parent else str(whole)


def _tell(file: Path, reference: str, key: SMARTKey, jwks_url: str | None) -> None:
    typer.echo(f"Wrote {file} (0600): {key.alg}, kid {key.kid}")
    typer.echo("")
    typer.echo("In reminder.toml, under [[connection]]:")
    typer.echo(
        '  auth = { kind = "smart", client_id = "…", '
        f'private_key = "file:{reference}" }}'
    )
    typer.echo("")
    typer.echo("At the EHR, register this address of our public keys:")
    typer.echo(f"  {jwks_url or f'the public_url of reminder.toml, with {JWKS_PATH}'}")
    typer.echo("or, where it takes an upload instead, this public key:")
    typer.echo(f"  {json.dumps(key.public())}")
