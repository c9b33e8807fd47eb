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
    _indexes()
    _sync_run()
    _pushed()


def _indexes() -> None:
    """For the few people who were merged, and the few answers that wait for a human."""
    is_merged, is_requested = "survivor_id is not null", "state = 'requested'"
    _partial("ix_person_survivor", "person", ["connection", "survivor_id"], is_merged)
    _partial("ix_answer_requested", "answer", ["at"], is_requested)


def _partial(name: str, table: str, columns: list[str], condition: str) -> None:
    only = sa.text(condition)
    op.create_index(name, table, columns, postgresql_where=only, sqlite_where=only)


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
