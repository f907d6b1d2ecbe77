"""Tell the collector's workers when what they cache has changed.

`directory_changed()` sends NOTIFY on the channel `directory`, in the transaction of the change. Apps above hang it on
their own tables.
"""

from django.db import migrations

FUNCTION = """
create function directory_changed() returns trigger language plpgsql as $$
begin
    notify directory;
    return null;
end $$;
create trigger account_directory_changed after update of closed_at or delete on accounts_account
    for each statement execute function directory_changed();
"""
UNDO = """
drop trigger account_directory_changed on accounts_account;
drop function directory_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_first")]
    operations = [migrations.RunSQL(FUNCTION, UNDO)]
