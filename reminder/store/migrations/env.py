"""Runs migrations on the connection and in the transaction of `schema.upgrade`."""

from alembic import context
from sqlmodel import SQLModel

import reminder.store.tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    # SQLite rolls tables back as well as rows, once we begin the transaction.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
