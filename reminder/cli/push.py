"""`reminder push`: what the administrator of an EHR needs to have it push to us."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show_json
from reminder.ehr.pushing.subscriptions import SECRET, by_criteria, by_topic
from reminder.settings.load import Loaded, load

_HOW = """\
Endpoint   {endpoint}
Header     Authorization: Bearer {secret}
{secret} is the push_secret of this connection: put it in on the EHR's side.
Where the EHR signs what it sends (athenahealth, Medplum), give it the same secret:
X-Hub-Signature and X-Signature are understood, too.

For an EHR with Subscriptions by criteria (HAPI, Medplum), create both:
{criteria}

For an EHR with topics (Subscriptions R5 Backport), one for each topic of its own:
{topic}"""


def push(
    connection: Annotated[str, typer.Argument(help="The connection's name.")],
    config: Config = Path("reminder.toml"),
    *,
    as_json: AsJSON = False,
) -> None:
    """What to create in an EHR so that it tells us at once what changed."""
    with reported(as_json=as_json):
        endpoint = _endpoint(load(config), connection)
    criteria = [by_criteria(endpoint, kind) for kind in ("Appointment", "Patient")]
    topic = by_topic(endpoint)
    if as_json:
        show_json({"endpoint": endpoint, "criteria": criteria, "topic": topic})
        return
    typer.echo(
        _HOW.format(
            endpoint=endpoint,
            secret=SECRET,
            criteria="\n".join(map(_pretty, criteria)),
            topic=_pretty(topic),
        )
    )


def _endpoint(loaded: Loaded, name: str) -> str:
    """Where this connection's EHR pushes to.

    Raises:
        Stopped: there is no such connection, or it takes no notifications.
    """
    settings = loaded.settings
    found = [one for one in settings.connection if one.name == name]
    if not found:
        names = ", ".join(one.name for one in settings.connection)
        raise Stopped(
            Exit.WRONG_USE,
            Trouble(
                f"There is no connection {name}.", why=f"The settings have: {names}."
            ),
        )
    if found[0].push_secret is None:
        raise Stopped(
            Exit.CONFIGURATION,
            Trouble(
                f"The connection {name} takes no notifications.",
                why="It has no push_secret, by which the EHR proves who it is.",
                do='Set push_secret = "file:NAME" on it: a long random word.',
            ),
        )
    return f"{settings.public_url.rstrip('/')}/ehr/{name}/notify"


def _pretty(resource: dict[str, Any]) -> str:
    return json.dumps(resource, indent=2)
