from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="SharedAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.GenericIPAddressField(unique=True)),
                ("accounts", models.PositiveIntegerField()),
                ("seen_at", models.DateTimeField()),
            ],
            options={"verbose_name_plural": "shared addresses"},
        ),
    ]
