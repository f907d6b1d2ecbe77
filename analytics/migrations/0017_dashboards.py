"""Dashboards. The pins of before become tiles of a first one, named Overview.

Servers of the version before go on with their pins. What is pinned by them meanwhile is no tile.
"""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import LessThanOrEqual

OVERVIEW = "b1a55ed0-0000-4000-8000-000000000001"
# Forty tiles a dashboard, twenty dashboards: who had pinned more has further ones of the same name.
FROM_PINS = f"""
insert into analytics_dashboard
       (environment_id, lineage, name, notes, tags, body, version, position, created_at, changed_at)
select environment_id,
       case number when 0 then '{OVERVIEW}'::uuid else gen_random_uuid() end,
       case number when 0 then 'Overview' else 'Overview ' || number + 1 end,
       '', '{{}}', jsonb_build_object('tiles', tiles), 1, number, now(), now()
  from (select environment_id, number,
               jsonb_agg(jsonb_build_object('id', gen_random_uuid(), 'size', 'small', 'shows', 'answer',
                                            'report', lineage) order by place) as tiles
          from (select pin.environment_id, report.lineage, place, (place - 1) / 40 as number
                  from (select *, row_number() over (partition by environment_id order by position, id) as place
                          from analytics_pin) pin
                  join analytics_report report on report.id = pin.report_id) placed
         where number < 20
         group by environment_id, number) found
"""  # noqa: S608  fixed text


def who() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [
        ("analytics", "0016_notes_on_the_time_axis"),
        ("projects", "0009_months_kept"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Dashboard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lineage", models.UUIDField(default=uuid.uuid4)),
                ("name", models.CharField(max_length=200)),
                ("notes", models.TextField(blank=True)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30), blank=True, db_default=[], default=list
                    ),
                ),
                ("body", models.JSONField(default=dict)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("position", models.PositiveSmallIntegerField(default=32_000)),
                ("changed_by", who()),
                ("created_by", who()),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dashboards",
                        to="projects.environment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("environment", "lineage"), name="dashboard_lineage_once_per_environment"
                    ),
                    models.UniqueConstraint(fields=("environment", "id"), name="dashboard_environment_and_id"),
                    models.CheckConstraint(condition=~models.Q(name=""), name="dashboard_has_a_name"),
                    models.CheckConstraint(condition=models.Q(version__gte=1), name="dashboard_version_from_1"),
                    models.CheckConstraint(condition=models.Q(tags__len__lte=10), name="dashboard_tags_few"),
                    models.CheckConstraint(
                        condition=LessThanOrEqual(
                            models.Func(
                                KeyTransform("tiles", "body"),
                                function="jsonb_array_length",
                                output_field=models.IntegerField(),
                            ),
                            40,
                        ),
                        name="dashboard_tiles_few",
                    ),
                ],
            },
        ),
        migrations.RunSQL(FROM_PINS, migrations.RunSQL.noop),
    ]
