"""Whether an account allows links that show things without a login, and the sites that may embed what these show."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True  # with the defaults: there is no link yet, and no site

    dependencies = [
        ("accounts", "0014_joining_by_scim"),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name="account",
            name="allows_shared_links",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="account",
            name="embedding_sites",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=300), db_default=[], default=list, size=None
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(("embedding_sites__len__lte", 20)), name="account_embedding_sites_few"
            ),
        ),
    ]
