"""How Alembic is run here: on the one connection that `creation` hands over, within its transaction."""

from alembic import context

from provenance.storage.driver import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"], transactional_ddl=False, version_table=VERSION_TABLE
)
context.run_migrations()
