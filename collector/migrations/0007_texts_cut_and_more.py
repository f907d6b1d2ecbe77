"""Count what was cut, identities that name nobody, and refused protobuf, by hour. Programs of before leave them 0."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("collector", "0006_properties_left_out")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        *(
            migrations.AddField("collectedhour", name, models.PositiveBigIntegerField(default=0, db_default=0))
            for name in ("texts_cut", "identities_ignored", "protobufs_refused")
        ),
    ]
