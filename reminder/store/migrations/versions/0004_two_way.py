"""Replies of patients, segments and prices, and how much went out on a day.

Every new column has a default in the database: a node of the version before
goes on writing rows without it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables and columns; what is kept stays as it is."""
    op.add_column("delivery", sa.Column("segments", sa.Integer))
    op.add_column("delivery_event", sa.Column("segments", sa.Integer))
    for name in ("price", "currency"):
        column = sa.Column(name, sa.String, nullable=False, server_default="")
        op.add_column("delivery_event", column)
    _inbound()
    _open_question()
    op.create_table(
        "sent_day",
        sa.Column("transport", sa.String, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("segments", sa.Integer, nullable=False),
    )


def _inbound() -> None:
    op.create_table(
        "inbound",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("transport", sa.String, nullable=False),
        sa.Column("provider_id", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("address_index", sa.LargeBinary, nullable=False),
        sa.Column("wish", sa.String, nullable=False),
        sa.Column("clinic_id", sa.String),
        sa.Column("connection", sa.String),
        sa.Column("appointment_id", sa.String),
        sa.Column("patient_id", sa.String),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.Column("done_at", _INSTANT),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("transport", "provider_id"),
    )
    op.create_index("ix_inbound_address", "inbound", ["address_index", "received_at"])
    still_open = sa.text("done_at is null")
    op.create_index(
        "ix_inbound_open",
        "inbound",
        ["received_at"],
        postgresql_where=still_open,
        sqlite_where=still_open,
    )


def _open_question() -> None:
    op.create_table(
        "open_question",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("address_index", sa.LargeBinary, nullable=False),
        sa.Column("wish", sa.String, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("channel", "address_index"),
    )
