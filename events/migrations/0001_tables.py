"""Events, people, merges, customers and idempotency keys, with partitions for the months around now."""

from datetime import date, timedelta
from pathlib import Path

import django.utils.timezone
from django.db import migrations, models

SQL = Path(__file__).parent / "sql"
UNDO_TABLES = "drop table events, people, merges, customers, idempotency_keys"
UNDO_PARTITIONS = """
drop function ensure_event_partitions(date, date);
drop function make_event_partition(text, date);
"""


def months_around_now(apps, schema_editor):
    today = date.today()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "select ensure_event_partitions(%s, %s)", [today - timedelta(days=100), today + timedelta(days=93)]
        )


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL((SQL / "0001_tables.sql").read_text(), UNDO_TABLES),
                migrations.RunSQL((SQL / "0001_partitions.sql").read_text(), UNDO_PARTITIONS),
                migrations.RunPython(months_around_now, migrations.RunPython.noop),
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Customer",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "environment_id",
                                "account_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("environment_id", models.BigIntegerField()),
                        ("account_id", models.TextField()),
                        ("properties", models.JSONField(default=dict)),
                        ("first_seen_at", models.DateTimeField()),
                        ("last_seen_at", models.DateTimeField()),
                    ],
                    options={
                        "db_table": "customers",
                    },
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "environment_id",
                                "time",
                                "id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("environment_id", models.BigIntegerField()),
                        ("time", models.DateTimeField()),
                        ("id", models.BigIntegerField()),
                        ("actor_id", models.BigIntegerField()),
                        ("session_id", models.BigIntegerField(null=True)),
                        ("pageview_id", models.BigIntegerField(null=True)),
                        ("received_at", models.DateTimeField(default=django.utils.timezone.now)),
                        (
                            "kind",
                            models.TextField(
                                choices=[
                                    ("custom", "Custom"),
                                    ("pageview", "Pageview"),
                                    ("click", "Click"),
                                    ("change", "Change"),
                                    ("submit", "Submit"),
                                ],
                                default="custom",
                            ),
                        ),
                        ("name", models.TextField(default="")),
                        ("domain", models.TextField(null=True)),
                        ("path", models.TextField(null=True)),
                        ("query", models.TextField(null=True)),
                        ("hash", models.TextField(null=True)),
                        ("title", models.TextField(null=True)),
                        ("referrer", models.TextField(null=True)),
                        ("target_tag", models.TextField(null=True)),
                        ("target_class", models.TextField(null=True)),
                        ("target_id", models.TextField(null=True)),
                        ("target_href", models.TextField(null=True)),
                        ("target_text", models.TextField(null=True)),
                        ("target_hierarchy", models.TextField(null=True)),
                        ("platform", models.TextField(null=True)),
                        ("browser", models.TextField(null=True)),
                        ("os", models.TextField(null=True)),
                        ("device", models.TextField(null=True)),
                        ("utm_source", models.TextField(null=True)),
                        ("utm_medium", models.TextField(null=True)),
                        ("utm_campaign", models.TextField(null=True)),
                        ("utm_term", models.TextField(null=True)),
                        ("utm_content", models.TextField(null=True)),
                        ("properties", models.JSONField(default=dict)),
                    ],
                    options={
                        "db_table": "events",
                    },
                ),
                migrations.CreateModel(
                    name="IdempotencyKey",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "environment_id",
                                "digest",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("environment_id", models.BigIntegerField()),
                        ("digest", models.UUIDField()),
                        ("at", models.DateTimeField(default=django.utils.timezone.now)),
                    ],
                    options={
                        "db_table": "idempotency_keys",
                    },
                ),
                migrations.CreateModel(
                    name="Merge",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "environment_id",
                                "from_actor",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("environment_id", models.BigIntegerField()),
                        ("from_actor", models.BigIntegerField()),
                        ("to_actor", models.BigIntegerField()),
                        ("at", models.DateTimeField(default=django.utils.timezone.now)),
                    ],
                    options={
                        "db_table": "merges",
                    },
                ),
                migrations.CreateModel(
                    name="Person",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "environment_id",
                                "actor_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("environment_id", models.BigIntegerField()),
                        ("actor_id", models.BigIntegerField()),
                        ("identity", models.TextField(null=True)),
                        ("properties", models.JSONField(default=dict)),
                        ("first_seen_at", models.DateTimeField()),
                        ("last_seen_at", models.DateTimeField()),
                    ],
                    options={
                        "verbose_name_plural": "people",
                        "db_table": "people",
                    },
                ),
            ],
        ),
    ]
