"""Know which records a person parted from their items for good."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know which records a person parted from their items for good."""
    op.add_column("link", sa.Column("parted_at", sa.BigInteger(), nullable=True))
