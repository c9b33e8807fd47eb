"""Rulesets as versions, consents, exclusions, and what was seen over time.

Every new column has a default in the database: a node of the version before
goes on writing rows without it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables, columns and indexes; what is kept stays as it is."""
    _columns()
    _indexes()
    _consent()
    _exclusion()
    _ruleset()


def _columns() -> None:
    for name in ("first_seen_at", "status_since", "first_start_at", "moved_at"):
        op.add_column("appointment", sa.Column(name, _INSTANT))
    _add("appointment", "moves", sa.Integer, "0")
    for name in ("wanted_at", "told_at"):
        op.add_column("reminder", sa.Column(name, _INSTANT))
    op.add_column("reminder", sa.Column("message_id", sa.Uuid))
    for name in ("rule_id", "together", "notes"):
        _add("reminder", name, sa.String, "")
    _add("reminder", "urgency", sa.Integer, "1")
    for name in ("stopped_clinics", "stopped_channels"):
        _add("preference", name, sa.String, "")


def _indexes() -> None:
    """Messages are made of the most urgent reminders first, then by their time."""
    op.drop_index("ix_reminder_due", "reminder")
    planned, told = sa.text("state = 'planned'"), sa.text("told_at is not null")
    op.create_index(
        "ix_reminder_due",
        "reminder",
        ["urgency", "due_at"],
        postgresql_where=planned,
        sqlite_where=planned,
    )
    op.create_index(
        "ix_reminder_told",
        "reminder",
        ["address_index", "told_at"],
        postgresql_where=told,
        sqlite_where=told,
    )
    op.create_index("ix_answer_patient", "answer", ["connection", "patient_id"])


def _add(table: str, name: str, of_type: type[sa.Integer | sa.String], of: str) -> None:
    column = sa.Column(name, of_type, nullable=False, server_default=of)
    op.add_column(table, column)


def _consent() -> None:
    op.create_table(
        "consent",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("patient_id", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("address_index", sa.LargeBinary, nullable=False),
        sa.Column("by", sa.String, nullable=False, quote=True),
        sa.Column("how", sa.String, nullable=False),
        sa.Column("text_version", sa.String, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_consent_patient", "consent", ["connection", "patient_id"])


def _exclusion() -> None:
    op.create_table(
        "exclusion",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("appointment_id", sa.String, nullable=False),
        sa.Column("patient_id", sa.String, nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.UniqueConstraint("appointment_id", "connection", "patient_id"),
    )


def _ruleset() -> None:
    op.create_table(
        "ruleset",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("by", sa.String, nullable=False, quote=True),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("changed_at", _INSTANT, nullable=False),
        sa.Column("published_at", _INSTANT),
        sa.UniqueConstraint("owner", "version"),
    )
    for state in ("draft", "published"):
        only = sa.text(f"state = '{state}'")
        op.create_index(
            f"ix_ruleset_{state}",
            "ruleset",
            ["owner"],
            unique=True,
            postgresql_where=only,
            sqlite_where=only,
        )
