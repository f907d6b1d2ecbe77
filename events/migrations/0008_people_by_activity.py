"""An index for people by last activity, those without any at the end. Nothing here keeps readers or writers waiting."""

from django.db import migrations

INDEX = """
create index concurrently people_by_activity on people
    (environment_id, coalesce(last_seen_at, timestamptz '1970-01-01 00:00:00+00'), actor_id)
"""
INDEX_BEFORE = "create index concurrently people_by_last_seen on people (environment_id, last_seen_at, actor_id)"


def dropped(name: str) -> str:
    """Also what a migration that was stopped has left: an index that is not valid."""
    return f"drop index concurrently if exists {name}"


class Migration(migrations.Migration):
    atomic = False  # an index is built beside readers and writers only outside of a transaction
    dependencies = [("events", "0007_seen")]
    operations = [
        migrations.RunSQL(
            "alter table people validate constraint person_seen_both_or_never", migrations.RunSQL.noop
        ),
        migrations.RunSQL(dropped("people_by_activity"), migrations.RunSQL.noop),
        migrations.RunSQL(INDEX, dropped("people_by_activity")),
        migrations.RunSQL(migrations.RunSQL.noop, INDEX_BEFORE),
        migrations.RunSQL(dropped("people_by_last_seen"), dropped("people_by_last_seen")),
    ]
