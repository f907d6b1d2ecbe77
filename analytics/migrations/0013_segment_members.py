"""The people of fixed segments."""

from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = False  # a segment without conditions is an error of old code
    dependencies = [("analytics", "0012_sessions_report_kind")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="SegmentMember",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "environment_id", "lineage", "actor_id", blank=True, editable=False, primary_key=True,
                        serialize=False,
                    ),
                ),
                ("environment_id", models.BigIntegerField()),
                ("lineage", models.UUIDField()),
                ("actor_id", models.BigIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["environment_id", "actor_id"], name="segmentmember_by_actor")]},
        ),
        migrations.RunSQL(
            """
            alter table analytics_segmentmember add constraint segmentmember_of_its_segment
                foreign key (environment_id, lineage) references analytics_segment (environment_id, lineage)
                on delete cascade
            """,
            "alter table analytics_segmentmember drop constraint segmentmember_of_its_segment",
        ),
    ]
