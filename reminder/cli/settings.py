"""`reminder settings`: every setting with its sentence and value, secrets masked."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel, SecretStr
from sqlalchemy import make_url

from reminder.cli.errors import reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.model.clinics import QuietHours
from reminder.rules.document_text import written
from reminder.settings.load import load

_COLUMNS = ("setting", "value", "meaning")


def settings(
    config: Config = Path("reminder.toml"), *, as_json: AsJSON = False
) -> None:
    """Every setting: name, value, and what it is for; secrets are masked."""
    with reported(as_json=as_json):
        loaded = load(config)
    rows = list(_rows("", loaded.settings))
    for name, transport in loaded.transports.items():
        rows += _rows(f"transport.{name}.", transport)
        rows += _rows(f"transport.{name}.", loaded.settings.lane(name))
    if as_json:
        show_json([dict(zip(_COLUMNS, row, strict=True)) for row in rows])
    else:
        show(_COLUMNS, rows, empty="")


def _rows(prefix: str, part: BaseModel) -> Iterator[tuple[str, str, str]]:
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        setting = f"{prefix}{name}"
        if prefix == "" and name == "transport":
            continue
        if isinstance(value, BaseModel):
            yield from _rows(f"{setting}.", value)
        elif _holds_models(value):
            for place, each in enumerate(value):
                yield from _rows(f"{setting}.{place}.", each)
        else:
            shown = _without_password if setting == "database.url" else _masked
            yield setting, shown(value), " ".join((field.description or "").split())


def _holds_models(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and bool(value)
        and all(isinstance(each, BaseModel) for each in value)
    )


def _masked(value: object) -> str:
    if isinstance(value, SecretStr):
        return f"set, {len(value.get_secret_value())} characters"
    if isinstance(value, QuietHours):
        return f"{value.start:%H:%M}-{value.end:%H:%M}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_masked(each)}" for name, each in value.items())
    if isinstance(value, frozenset | tuple):
        return ", ".join(_masked(each) for each in value)
    return "" if value is None else str(written(value))


def _without_password(url: str) -> str:
    """A database's address with whatever password it holds masked."""
    parts = make_url(url)
    if "password" in parts.query:
        parts = parts.update_query_dict({"password": "***"})
    return parts.render_as_string(hide_password=True)
