"""Make the tables of exports again where `nonce` is missing. They are empty there: no export is kept without it.

0002_closing_visits_exports was edited in place, and does not run again where it has run. Elsewhere this changes nothing.
"""

from django.db import migrations


def make_again_without_nonce(apps, schema_editor):
    export, part = apps.get_model("support", "AccountExport"), apps.get_model("support", "ExportPart")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("set local lock_timeout = '5s'")
        columns = schema_editor.connection.introspection.get_table_description(cursor, export._meta.db_table)
    if "nonce" in {column.name for column in columns}:
        return
    schema_editor.delete_model(part)
    schema_editor.delete_model(export)
    schema_editor.create_model(export)
    schema_editor.create_model(part)


class Migration(migrations.Migration):
    dependencies = [("support", "0003_messages_stay_in_their_account")]
    operations = [migrations.RunPython(make_again_without_nonce, migrations.RunPython.noop)]
