"""An app_id may be brought along from Heap: one to ten digits. None is ever given to a second account."""

from django.db import migrations, models

GUARD = """
set local lock_timeout = '5s';
create function app_id_stays_with_its_account() returns trigger language plpgsql as $$
begin
    insert into projects_usedappid (app_id, account_number)
    select new.app_id, account_id from projects_project where id = new.project_id
        on conflict (app_id) do nothing;
    if exists (
        select 1
          from projects_usedappid used
          join projects_project project on project.id = new.project_id
         where used.app_id = new.app_id and used.account_number <> project.account_id
    ) then
        raise exception 'this app_id belongs, or belonged, to another account' using errcode = 'unique_violation',
            constraint = 'app_id_stays_with_its_account', table = 'projects_environment';
    end if;
    return null;
end $$;
create trigger app_id_stays_with_its_account after insert or update of app_id on projects_environment
    for each row execute function app_id_stays_with_its_account();
"""
UNDO = """
drop trigger app_id_stays_with_its_account on projects_environment;
drop function app_id_stays_with_its_account();
"""
DIGITS = models.CheckConstraint(
    condition=models.Q(app_id__regex=r"^[1-9][0-9]{0,9}$"), name="environment_app_id_up_to_ten_digits"
)


class Migration(migrations.Migration):
    dependencies = [("projects", "0005_capture")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s';", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="UsedAppId",
            fields=[
                ("app_id", models.CharField(max_length=10, primary_key=True, serialize=False)),
                ("account_number", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(GUARD, UNDO),
        migrations.AddConstraint(model_name="environment", constraint=DIGITS),
        migrations.RemoveConstraint(model_name="environment", name="environment_app_id_ten_digits"),
    ]
