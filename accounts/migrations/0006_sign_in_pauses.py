"""Counts of failed attempts to sign in. Unlogged, as the shared cache is: losing them in a crash costs nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_shared_cache")]
    operations = [
        migrations.CreateModel(
            name="SignInPause",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("failures", models.FloatField()),
                ("failed_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["-failed_at"], name="signinpause_by_time")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("failures__gte", 0)), name="signinpause_failures_not_negative"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "alter table accounts_signinpause set unlogged", "alter table accounts_signinpause set logged"
        ),
    ]
