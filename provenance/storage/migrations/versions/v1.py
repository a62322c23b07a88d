"""State 1: what the first version created; databases of it are only marked as such."""

revision = "1"
down_revision = None


def upgrade() -> None:
    """Change nothing."""


def downgrade() -> None:
    """Change nothing."""
