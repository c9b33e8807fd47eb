"""Readings that go on where they were, what the EHR pushed, merged patients.

Every new column has a default in the database: a node of the version before
goes on writing rows without it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add tables and columns; what is kept stays as it is."""
    op.add_column("appointment", sa.Column("updated_at", _INSTANT))
    op.add_column("person", sa.Column("survivor_id", sa.String))
    repaired = sa.Column(
        "repaired", sa.Boolean, nullable=False, server_default=sa.false()
    )
    op.add_column("quarantine", repaired)
    _sync_run()
    _pushed()


def _sync_run() -> None:
    op.create_table(
        "sync_run",
        sa.Column("connection", sa.String, primary_key=True),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("plan", sa.String, nullable=False),
        sa.Column("started_at", _INSTANT, nullable=False),
        sa.Column("start_at", _INSTANT, nullable=False),
        sa.Column("end_at", _INSTANT, nullable=False),
    )
    op.create_table(
        "sync_window",
        sa.Column("run_id", sa.Uuid, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("complete", sa.Boolean, nullable=False),
    )


def _pushed() -> None:
    op.create_table(
        "pushed",
        sa.Column("connection", sa.String, primary_key=True),
        sa.Column("appointment_id", sa.String, primary_key=True),
        sa.Column("pushed_at", _INSTANT, nullable=False),
        sa.Column("next_try_at", _INSTANT, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
    )
    op.create_index("ix_pushed_due", "pushed", ["connection", "next_try_at"])
