"""A message names an account and an environment that was looked at: the environment is one of the account's."""

from django.db import migrations

GUARD = """
set local lock_timeout = '5s';
create function message_stays_in_its_account() returns trigger language plpgsql as $$
begin
    if not exists (
        select 1
          from projects_environment environment
          join projects_project project on project.id = environment.project_id
         where environment.id = new.environment_id and project.account_id = new.account_id
    ) then
        raise exception 'a message would belong to one account and its environment to another'
            using errcode = 'check_violation', constraint = 'message_stays_in_its_account', table = 'support_message';
    end if;
    return null;
end $$;
create trigger message_stays_in_its_account after insert or update of account_id, environment_id on support_message
    for each row when (new.environment_id is not null) execute function message_stays_in_its_account();
"""
UNDO = """
drop trigger message_stays_in_its_account on support_message;
drop function message_stays_in_its_account();
"""


class Migration(migrations.Migration):
    dependencies = [("support", "0002_closing_visits_exports"), ("projects", "0003_deleting")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
