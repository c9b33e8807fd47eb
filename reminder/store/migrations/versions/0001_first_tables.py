"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table, those that others point to first."""
    _answer()
    _appointment()
    _instance()
    _message()
    _opt_out()
    _person()
    _preference()
    _quarantine()
    _reminder()
    _sync_state()
    _worklist()
    _write_back()
    _delivery()
    _delivery_event()
    _link()
    _message_appointment()
    _person_address()
    _reminder_message()


def _answer() -> None:
    op.create_table(
        "answer",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("appointment_id", sa.String, nullable=False),
        sa.Column("patient_id", sa.String, nullable=False),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("slot_id", sa.String),
        sa.Column("slot_start_at", sa.DateTime(timezone=True)),
        sa.Column("before_slot_ids", sa.String, nullable=False),
        sa.Column("before_start_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_answer_appointment",
        "answer",
        ["connection", "appointment_id", "patient_id"],
    )
    op.create_index(
        "ix_answer_open",
        "answer",
        [
            "connection",
            "appointment_id",
            "patient_id",
            "kind",
            sa.text("coalesce(slot_id, '')"),
        ],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )


def _appointment() -> None:
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("appointment_id", sa.String, nullable=False),
        sa.Column("patient_id", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("participation", sa.String, nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True)),
        sa.Column("version_id", sa.String),
        sa.Column("location_id", sa.String),
        sa.Column("slot_ids", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("appointment_id", "connection", "patient_id"),
    )
    op.create_index(
        "ix_appointment_patient", "appointment", ["connection", "patient_id"]
    )
    op.create_index("ix_appointment_start", "appointment", ["connection", "start_at"])


def _instance() -> None:
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("key_check", sa.LargeBinary, nullable=False),
        sa.Column("rules_fingerprint", sa.String, nullable=False),
    )


def _message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("clinic_id", sa.String, nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("protection", sa.String),
        sa.Column("transport", sa.String),
        sa.Column("provider_id", sa.String),
        sa.Column("code", sa.String),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True)),
        sa.Column("first_tried_at", sa.DateTime(timezone=True)),
        sa.Column("useful_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("uncertain_tries", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("claimed_by", sa.String),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index(
        "ix_message_due",
        "message",
        ["next_try_at"],
        postgresql_where=sa.text("state in ('queued', 'deferred')"),
        sqlite_where=sa.text("state in ('queued', 'deferred')"),
    )
    op.create_index(
        "ix_message_urgent",
        "message",
        ["next_try_at"],
        postgresql_where=sa.text(
            "state in ('queued', 'deferred') and kind <> 'reminder'"
        ),
        sqlite_where=sa.text("state in ('queued', 'deferred') and kind <> 'reminder'"),
    )
    op.create_index(
        "ix_message_uncertain",
        "message",
        ["next_try_at"],
        postgresql_where=sa.text("state = 'uncertain'"),
        sqlite_where=sa.text("state = 'uncertain'"),
    )
    op.create_index(
        "ix_message_lease",
        "message",
        ["lease_until"],
        postgresql_where=sa.text("state in ('claimed', 'sending')"),
        sqlite_where=sa.text("state in ('claimed', 'sending')"),
    )


def _opt_out() -> None:
    op.create_table(
        "opt_out",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("address_index", sa.LargeBinary, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("channel", "address_index"),
    )


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("patient_id", sa.String, nullable=False),
        sa.Column("readable", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("deceased", sa.Boolean, nullable=False),
        sa.Column("opted_out", sa.Boolean, nullable=False),
        sa.Column("language", sa.String),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("planned_revision", sa.Integer, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("connection", "patient_id"),
    )
    op.create_index(
        "ix_person_to_plan",
        "person",
        ["id"],
        postgresql_where=sa.text("planned_revision < revision"),
        sqlite_where=sa.text("planned_revision < revision"),
    )


def _preference() -> None:
    op.create_table(
        "preference",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("patient_id", sa.String, nullable=False),
        sa.Column("channel", sa.String),
        sa.Column("language", sa.String),
        sa.Column("lead_minutes", sa.Integer),
        sa.Column("nothing", sa.Boolean, nullable=False, quote=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("connection", "patient_id"),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("resource_type", sa.String, nullable=False),
        sa.Column("resource_id", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String, nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(
            "connection", "resource_type", "resource_id", "fingerprint"
        ),
    )


def _reminder() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("appointment_id", sa.String, nullable=False),
        sa.Column("patient_id", sa.String, nullable=False),
        sa.Column("step_id", sa.String, nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("clinic_id", sa.String),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("channel", sa.String),
        sa.Column("address_index", sa.LargeBinary),
        sa.Column("route", sa.Integer, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("useful_until", sa.DateTime(timezone=True)),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.UniqueConstraint(
            "appointment_id", "connection", "patient_id", "step_id", "start_at", "n"
        ),
    )
    op.create_index(
        "ix_reminder_due",
        "reminder",
        ["due_at"],
        postgresql_where=sa.text("state = 'planned'"),
        sqlite_where=sa.text("state = 'planned'"),
    )
    op.create_index(
        "ix_reminder_together",
        "reminder",
        ["address_index"],
        postgresql_where=sa.text("state = 'planned'"),
        sqlite_where=sa.text("state = 'planned'"),
    )
    op.create_index("ix_reminder_patient", "reminder", ["connection", "patient_id"])


def _sync_state() -> None:
    op.create_table(
        "sync_state",
        sa.Column("connection", sa.String, primary_key=True),
        sa.Column("cursor", sa.String),
        sa.Column("last_sync_at", sa.DateTime(timezone=True)),
        sa.Column("last_window_at", sa.DateTime(timezone=True)),
    )


def _worklist() -> None:
    op.create_table(
        "worklist",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("clinic_id", sa.String),
        sa.Column("connection", sa.String),
        sa.Column("appointment_id", sa.String),
        sa.Column("patient_id", sa.String),
        sa.Column("message_id", sa.Uuid),
        sa.Column("details", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
    )
    op.create_index(
        "ix_worklist_open",
        "worklist",
        ["kind", "subject"],
        unique=True,
        postgresql_where=sa.text("done_at is null"),
        sqlite_where=sa.text("done_at is null"),
    )


def _write_back() -> None:
    op.create_table(
        "write_back",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("connection", sa.String, nullable=False),
        sa.Column("appointment_id", sa.String, nullable=False),
        sa.Column("patient_id", sa.String, nullable=False),
        sa.Column("answer_id", sa.Uuid),
        sa.Column("message_id", sa.Uuid),
        sa.Column("channel", sa.String),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("slot_ids", sa.String, nullable=False),
        sa.Column("slot_start_at", sa.DateTime(timezone=True)),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("code", sa.String),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("fence", sa.Integer, nullable=False),
    )
    op.create_index(
        "ix_write_back_due",
        "write_back",
        ["next_try_at"],
        postgresql_where=sa.text("state = 'waiting'"),
        sqlite_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "ix_write_back_order",
        "write_back",
        ["appointment_id", "created_at"],
        postgresql_where=sa.text("state = 'waiting' and kind <> 'communication'"),
        sqlite_where=sa.text("state = 'waiting' and kind <> 'communication'"),
    )


def _delivery() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "message_id",
            sa.Uuid,
            sa.ForeignKey("message.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("transport", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("provider_id", sa.String, nullable=False),
        sa.Column("evidence", sa.String, nullable=False),
    )
    op.create_index("ix_delivery_message", "delivery", ["message_id"])


def _delivery_event() -> None:
    op.create_table(
        "delivery_event",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "message_id",
            sa.Uuid,
            sa.ForeignKey("message.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("provider_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("code", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("message_id", "provider_id", "state"),
    )


def _link() -> None:
    op.create_table(
        "link",
        sa.Column(
            "message_id",
            sa.Uuid,
            sa.ForeignKey("message.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("token_index", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )


def _message_appointment() -> None:
    op.create_table(
        "message_appointment",
        sa.Column(
            "message_id",
            sa.Uuid,
            sa.ForeignKey("message.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("connection", sa.String, primary_key=True),
        sa.Column("appointment_id", sa.String, primary_key=True),
        sa.Column("patient_id", sa.String, primary_key=True),
    )
    op.create_index(
        "ix_message_appointment",
        "message_appointment",
        ["appointment_id", "connection"],
    )


def _person_address() -> None:
    op.create_table(
        "person_address",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column(
            "person_id",
            sa.Uuid,
            sa.ForeignKey("person.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("address_index", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("person_id", "channel", "address_index"),
    )
    op.create_index("ix_person_address", "person_address", ["address_index"])


def _reminder_message() -> None:
    op.create_table(
        "reminder_message",
        sa.Column(
            "message_id",
            sa.Uuid,
            sa.ForeignKey("message.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "reminder_id",
            sa.Uuid,
            sa.ForeignKey("reminder.id", ondelete="CASCADE"),
            primary_key=True,
        ),
    )
    op.create_index("ix_reminder_message", "reminder_message", ["reminder_id"])
