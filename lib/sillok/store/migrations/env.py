"""Alembic runs this with the connection that ``sillok.store.schema`` hands it."""

from alembic import context

from sillok.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
