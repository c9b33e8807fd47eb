"""The tables. Rows never leave this room; columns named `sealed` are encrypted.

Every id is a UUID made by us before the INSERT, since the encryption of a
cell is bound to its table, column and row. What is searched for stands in
clear only where it says nothing about a person: FHIR ids, codes, instants.
Addresses are found through `*_index`, a keyed hash.

Two transactions cannot wait for each other for ever if all take their locks
in one order: appointment, person, message, reminder, then the rest; rows of
one table by id. Claims that skip locked rows wait for nobody.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class PersonRow(SQLModel, table=True):
    """A Patient: names, birth date, addresses and guardians are in `sealed`.

    `revision` grows with every change of the person, their appointments or
    preferences; the plan is due while `planned_revision` lags behind. A
    patient known only from an appointment has `readable` False.
    """

    __tablename__ = "person"
    __table_args__ = (
        UniqueConstraint("connection", "patient_id"),
        Index(
            "ix_person_survivor",
            "connection",
            "survivor_id",
            postgresql_where=text("survivor_id is not null"),
            sqlite_where=text("survivor_id is not null"),
        ),
        Index(
            "ix_person_to_plan",
            "id",
            postgresql_where=text("planned_revision < revision"),
            sqlite_where=text("planned_revision < revision"),
        ),
    )

    id: UUID = Field(primary_key=True)
    connection: str
    patient_id: str
    readable: bool = False
    active: bool = True
    deceased: bool = False
    opted_out: bool = False
    language: str | None = None
    survivor_id: str | None = None
    fingerprint: str = ""
    seen_at: datetime | None = None
    revision: int = 1
    planned_revision: int = 0
    sealed: bytes = Field(sa_type=LargeBinary)


class PersonAddressRow(SQLModel, table=True):
    """Which people can be reached at which address, by keyed hash."""

    __tablename__ = "person_address"
    __table_args__ = (
        UniqueConstraint("person_id", "channel", "address_index"),
        Index("ix_person_address", "address_index"),
    )

    id: UUID = Field(primary_key=True)
    person_id: UUID = Field(foreign_key="person.id", ondelete="CASCADE")
    channel: str
    address_index: bytes = Field(sa_type=LargeBinary)


class AppointmentRow(SQLModel, table=True):
    """One patient's booking: place, practitioner and kind of visit are in `sealed`.

    `first_seen_at` to `moves` are what we saw of it over time.
    """

    __tablename__ = "appointment"
    __table_args__ = (
        UniqueConstraint("appointment_id", "connection", "patient_id"),
        Index("ix_appointment_patient", "connection", "patient_id"),
        Index("ix_appointment_start", "connection", "start_at"),
    )

    id: UUID = Field(primary_key=True)
    connection: str
    appointment_id: str
    patient_id: str
    status: str
    participation: str
    start_at: datetime
    end_at: datetime | None = None
    created_at: datetime | None = None
    version_id: str | None = None
    updated_at: datetime | None = None
    location_id: str | None = None
    slot_ids: str = ""
    fingerprint: str
    seen_at: datetime
    first_seen_at: datetime | None = None
    status_since: datetime | None = None
    first_start_at: datetime | None = None
    moved_at: datetime | None = None
    moves: int = 0
    gone: bool = False
    sealed: bytes = Field(sa_type=LargeBinary)


class ReminderRow(SQLModel, table=True):
    """A decision for one appointment and step; `routes` are in `sealed`.

    `route` is the index of the address now being tried; `channel` and
    `address_index` are that address's. `notes` are codes with a space between.
    """

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint(
            "appointment_id", "connection", "patient_id", "step_id", "start_at", "n"
        ),
        Index(
            "ix_reminder_due",
            "urgency",
            "due_at",
            postgresql_where=text("state = 'planned'"),
            sqlite_where=text("state = 'planned'"),
        ),
        Index(
            "ix_reminder_together",
            "address_index",
            postgresql_where=text("state = 'planned'"),
            sqlite_where=text("state = 'planned'"),
        ),
        Index("ix_reminder_patient", "connection", "patient_id"),
        Index(
            "ix_reminder_told",
            "address_index",
            "told_at",
            postgresql_where=text("told_at is not null"),
            sqlite_where=text("told_at is not null"),
        ),
    )

    id: UUID = Field(primary_key=True)
    connection: str
    appointment_id: str
    patient_id: str
    step_id: str
    start_at: datetime
    n: int = 0
    state: str
    reason: str | None = None
    clinic_id: str | None = None
    template: str = ""
    language: str = ""
    channel: str | None = None
    address_index: bytes | None = Field(default=None, sa_type=LargeBinary)
    route: int = 0
    due_at: datetime | None = None
    useful_until: datetime | None = None
    wanted_at: datetime | None = None
    rule_id: str = ""
    together: str = ""
    urgency: int = 1
    notes: str = ""
    message_id: UUID | None = None
    told_at: datetime | None = None
    changed_at: datetime
    sealed: bytes | None = Field(default=None, sa_type=LargeBinary)


class MessageRow(SQLModel, table=True):
    """What goes to one address at once; the address is in `sealed`."""

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "ix_message_due",
            "next_try_at",
            postgresql_where=text("state in ('queued', 'deferred')"),
            sqlite_where=text("state in ('queued', 'deferred')"),
        ),
        Index(
            "ix_message_urgent",
            "next_try_at",
            postgresql_where=text(
                "state in ('queued', 'deferred') and kind <> 'reminder'"
            ),
            sqlite_where=text("state in ('queued', 'deferred') and kind <> 'reminder'"),
        ),
        Index(
            "ix_message_uncertain",
            "next_try_at",
            postgresql_where=text("state = 'uncertain'"),
            sqlite_where=text("state = 'uncertain'"),
        ),
        Index(
            "ix_message_lease",
            "lease_until",
            postgresql_where=text("state in ('claimed', 'sending')"),
            sqlite_where=text("state in ('claimed', 'sending')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    state: str
    clinic_id: str
    channel: str
    language: str
    template: str
    protection: str | None = None
    transport: str | None = None
    provider_id: str | None = None
    code: str | None = None
    queued_at: datetime
    next_try_at: datetime | None = None
    first_tried_at: datetime | None = None
    useful_until: datetime
    attempt: int = 0
    uncertain_tries: int = 0
    lease_until: datetime | None = None
    claimed_by: str | None = None
    fence: int = 0
    changed_at: datetime
    sealed: bytes = Field(sa_type=LargeBinary)


class MessageAppointmentRow(SQLModel, table=True):
    """Which appointments a message is about, and so what its link opens."""

    __tablename__ = "message_appointment"
    __table_args__ = (Index("ix_message_appointment", "appointment_id", "connection"),)

    message_id: UUID = Field(
        primary_key=True, foreign_key="message.id", ondelete="CASCADE"
    )
    connection: str = Field(primary_key=True)
    appointment_id: str = Field(primary_key=True)
    patient_id: str = Field(primary_key=True)


class ReminderMessageRow(SQLModel, table=True):
    """Which reminders a message fulfils; a reminder may need several messages."""

    __tablename__ = "reminder_message"
    __table_args__ = (Index("ix_reminder_message", "reminder_id"),)

    message_id: UUID = Field(
        primary_key=True, foreign_key="message.id", ondelete="CASCADE"
    )
    reminder_id: UUID = Field(
        primary_key=True, foreign_key="reminder.id", ondelete="CASCADE"
    )


class DeliveryRow(SQLModel, table=True):
    """One try of one message through one transport, with its evidence."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_message", "message_id"),)

    id: UUID = Field(primary_key=True)
    message_id: UUID = Field(foreign_key="message.id", ondelete="CASCADE")
    transport: str
    started_at: datetime
    ended_at: datetime
    outcome: str
    code: str = ""
    provider_id: str = ""
    evidence: str = ""
    segments: int | None = None


class DeliveryEventRow(SQLModel, table=True):
    """A provider's later report, kept once however often it comes."""

    __tablename__ = "delivery_event"
    __table_args__ = (UniqueConstraint("message_id", "provider_id", "state"),)

    id: UUID = Field(primary_key=True)
    message_id: UUID = Field(foreign_key="message.id", ondelete="CASCADE")
    provider_id: str
    state: str
    code: str = ""
    segments: int | None = None
    price: str = ""
    currency: str = ""
    at: datetime


class LinkRow(SQLModel, table=True):
    """The link of one message: its token only as a keyed hash.

    `tries` counts the dates of birth tried; a right one gives its try back.
    """

    __tablename__ = "link"

    message_id: UUID = Field(
        primary_key=True, foreign_key="message.id", ondelete="CASCADE"
    )
    token_index: bytes = Field(sa_type=LargeBinary, unique=True)
    tries: int = 0
    expires_at: datetime


class AnswerRow(SQLModel, table=True):
    """What a patient did from a link; the same ask is open only once."""

    __tablename__ = "answer"
    __table_args__ = (
        Index("ix_answer_appointment", "connection", "appointment_id", "patient_id"),
        Index("ix_answer_patient", "connection", "patient_id"),
        Index(
            "ix_answer_requested",
            "at",
            postgresql_where=text("state = 'requested'"),
            sqlite_where=text("state = 'requested'"),
        ),
        Index(
            "ix_answer_open",
            "connection",
            "appointment_id",
            "patient_id",
            "kind",
            text("coalesce(slot_id, '')"),
            unique=True,
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    connection: str
    appointment_id: str
    patient_id: str
    message_id: UUID
    kind: str
    state: str
    at: datetime
    slot_id: str | None = None
    slot_start_at: datetime | None = None
    before_slot_ids: str = ""
    before_start_at: datetime | None = None


class WriteBackRow(SQLModel, table=True):
    """What is still to be written into the EHR, and what was.

    Its id is made from the answer or the message it comes from, so that
    writing it down again changes nothing.
    """

    __tablename__ = "write_back"
    __table_args__ = (
        Index(
            "ix_write_back_due",
            "next_try_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_write_back_order",
            "appointment_id",
            "created_at",
            postgresql_where=text("state = 'waiting' and kind <> 'communication'"),
            sqlite_where=text("state = 'waiting' and kind <> 'communication'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    state: str
    connection: str
    appointment_id: str
    patient_id: str
    answer_id: UUID | None = None
    message_id: UUID | None = None
    channel: str | None = None
    template: str = ""
    sent_at: datetime | None = None
    slot_ids: str = ""
    slot_start_at: datetime | None = None
    attempt: int = 0
    code: str | None = None
    created_at: datetime
    next_try_at: datetime
    lease_until: datetime | None = None
    fence: int = 0


class PreferenceRow(SQLModel, table=True):
    """How a person asked to be reached."""

    __tablename__ = "preference"
    __table_args__ = (UniqueConstraint("connection", "patient_id"),)

    id: UUID = Field(primary_key=True)
    connection: str
    patient_id: str
    channel: str | None = None
    language: str | None = None
    lead_minutes: int | None = None
    # SQLite takes the bare word for the end of DO NOTHING.
    nothing: bool = Field(
        default=False, sa_column_kwargs={"name": "nothing", "quote": True}
    )
    stopped_clinics: str = ""
    stopped_channels: str = ""
    changed_at: datetime


class OptOutRow(SQLModel, table=True):
    """An address that said stop, whoever shares it."""

    __tablename__ = "opt_out"
    __table_args__ = (UniqueConstraint("channel", "address_index"),)

    id: UUID = Field(primary_key=True)
    channel: str
    address_index: bytes = Field(sa_type=LargeBinary)
    code: str
    at: datetime


class ConsentRow(SQLModel, table=True):
    """What somebody agreed to or took back, with its circumstances; never changed.

    Of one kind and address the last row counts.
    """

    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_patient", "connection", "patient_id"),)

    id: UUID = Field(primary_key=True)
    connection: str
    patient_id: str
    kind: str
    given: bool
    channel: str
    address_index: bytes = Field(sa_type=LargeBinary)
    by: str = Field(sa_column_kwargs={"name": "by", "quote": True})
    how: str
    text_version: str
    at: datetime
    sealed: bytes = Field(sa_type=LargeBinary)


class ExclusionRow(SQLModel, table=True):
    """An appointment somebody at the clinic took out: nothing is told of it."""

    __tablename__ = "exclusion"
    __table_args__ = (UniqueConstraint("appointment_id", "connection", "patient_id"),)

    id: UUID = Field(primary_key=True)
    connection: str
    appointment_id: str
    patient_id: str
    at: datetime


class RulesetRow(SQLModel, table=True):
    """One version of one owner's ruleset, as TOML; what is published never changes.

    `owner` is a clinic's id, or `organisation`.
    """

    __tablename__ = "ruleset"
    __table_args__ = (
        UniqueConstraint("owner", "version"),
        Index(
            "ix_ruleset_draft",
            "owner",
            unique=True,
            postgresql_where=text("state = 'draft'"),
            sqlite_where=text("state = 'draft'"),
        ),
        Index(
            "ix_ruleset_published",
            "owner",
            unique=True,
            postgresql_where=text("state = 'published'"),
            sqlite_where=text("state = 'published'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    owner: str
    version: int
    state: str
    document: str
    by: str = Field(default="", sa_column_kwargs={"name": "by", "quote": True})
    note: str = ""
    revision: int = 0
    changed_at: datetime
    published_at: datetime | None = None


class QuarantineRow(SQLModel, table=True):
    """An entry of the EHR nobody could read: where and why, never what it held.

    A `repaired` one could be read after something was put right.
    """

    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("connection", "resource_type", "resource_id", "fingerprint"),
    )

    id: UUID = Field(primary_key=True)
    connection: str
    resource_type: str
    resource_id: str
    path: str
    problem: str
    fingerprint: str
    first_seen_at: datetime
    last_seen_at: datetime
    repaired: bool = False


class WorklistRow(SQLModel, table=True):
    """What needs a human."""

    __tablename__ = "worklist"
    __table_args__ = (
        Index(
            "ix_worklist_open",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("done_at is null"),
            sqlite_where=text("done_at is null"),
        ),
    )

    id: UUID = Field(primary_key=True)
    kind: str
    subject: str
    clinic_id: str | None = None
    connection: str | None = None
    appointment_id: str | None = None
    patient_id: str | None = None
    message_id: UUID | None = None
    details: str = ""
    at: datetime
    last_at: datetime
    done_at: datetime | None = None


class SyncStateRow(SQLModel, table=True):
    """How far the reading of one connection has come."""

    __tablename__ = "sync_state"

    connection: str = Field(primary_key=True)
    cursor: str | None = None
    last_sync_at: datetime | None = None
    last_window_at: datetime | None = None


class SyncRunRow(SQLModel, table=True):
    """A reading of the whole horizon that was begun and not ended."""

    __tablename__ = "sync_run"

    connection: str = Field(primary_key=True)
    run_id: UUID
    plan: str
    started_at: datetime
    start_at: datetime
    end_at: datetime


class SyncWindowRow(SQLModel, table=True):
    """A window of such a reading that was read, by its name."""

    __tablename__ = "sync_window"

    run_id: UUID = Field(primary_key=True)
    name: str = Field(primary_key=True)
    complete: bool


class PushedRow(SQLModel, table=True):
    """An appointment the EHR told us to look at, until it was read.

    An empty id means that something changed and nothing said what.
    """

    __tablename__ = "pushed"
    __table_args__ = (Index("ix_pushed_due", "connection", "next_try_at"),)

    connection: str = Field(primary_key=True)
    appointment_id: str = Field(primary_key=True)
    pushed_at: datetime
    next_try_at: datetime
    attempt: int = 0


class InboundRow(SQLModel, table=True):
    """A reply of a patient: text and number are in `sealed`; the same only once."""

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("transport", "provider_id"),
        Index("ix_inbound_address", "address_index", "received_at"),
        Index(
            "ix_inbound_open",
            "received_at",
            postgresql_where=text("done_at is null"),
            sqlite_where=text("done_at is null"),
        ),
    )

    id: UUID = Field(primary_key=True)
    transport: str
    provider_id: str
    channel: str
    address_index: bytes = Field(sa_type=LargeBinary)
    wish: str
    clinic_id: str | None = None
    connection: str | None = None
    appointment_id: str | None = None
    patient_id: str | None = None
    received_at: datetime
    done_at: datetime | None = None
    sealed: bytes = Field(sa_type=LargeBinary)


class OpenQuestionRow(SQLModel, table=True):
    """Which visit did they mean, asked at one address; the options are in `sealed`."""

    __tablename__ = "open_question"
    __table_args__ = (UniqueConstraint("channel", "address_index"),)

    id: UUID = Field(primary_key=True)
    channel: str
    address_index: bytes = Field(sa_type=LargeBinary)
    wish: str
    expires_at: datetime
    sealed: bytes = Field(sa_type=LargeBinary)


class SentDayRow(SQLModel, table=True):
    """How many segments went out by one transport on one day (UTC)."""

    __tablename__ = "sent_day"

    transport: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    segments: int


class InstanceRow(SQLModel, table=True):
    """One row: the key ring and the rules this database was last used with."""

    __tablename__ = "instance"

    id: int = Field(primary_key=True)
    key_check: bytes = Field(sa_type=LargeBinary)
    rules_fingerprint: str = ""
