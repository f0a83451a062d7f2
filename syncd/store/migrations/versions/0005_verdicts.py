"""Know what was decided about each deletion; those there are already were unlinked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from syncd.store._tables import STRING

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Know what was decided about each deletion; those there are already were unlinked."""
    op.add_column("tombstone", sa.Column("verdict", STRING, nullable=True))
    op.execute(
        "UPDATE tombstone SET verdict = 'unlinked' "
        "WHERE EXISTS (SELECT 1 FROM link WHERE link.id = tombstone.link AND link.state = 'gone')"
    )
