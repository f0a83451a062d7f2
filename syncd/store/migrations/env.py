"""Alembic's way in: run the steps on the connection that opened the store."""

from __future__ import annotations

from alembic import context

from syncd.store._tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
