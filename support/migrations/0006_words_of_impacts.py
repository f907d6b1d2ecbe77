from django.db import migrations, models


class Migration(migrations.Migration):
    """Words alone: nothing in the database changes."""

    runs_beside_old_code = True

    dependencies = [
        ("support", "0005_backups"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="incident",
                    name="impact",
                    field=models.CharField(
                        choices=[
                            ("none", "Everything works: for information"),
                            ("degraded", "Degraded"),
                            ("down", "Down"),
                        ],
                        default="degraded",
                        max_length=10,
                    ),
                ),
            ]
        ),
    ]
