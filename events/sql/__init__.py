"""The SQL texts of this app, one per file, run by its migrations."""

from pathlib import Path


def read(name: str) -> str:
    """Return the SQL text kept in `<name>.sql`."""
    return Path(__file__).with_name(f"{name}.sql").read_text()
