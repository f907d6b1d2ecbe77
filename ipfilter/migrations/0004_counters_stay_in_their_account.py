"""A counter names a rule and an environment: the rule's list must hold there.

Checked once for each row that is new, not for each time that it counts.
"""

from django.db import migrations

GUARD = """
set local lock_timeout = '5s';
create function keptout_where_its_rule_holds() returns trigger language plpgsql as $$
begin
    if not exists (
        select 1
          from ipfilter_excludedip rule
          join ipfilter_excludediplist list on list.id = rule.list_id
          join projects_environment environment on environment.id = new.environment_id
          join projects_project project on project.id = environment.project_id
         where rule.id = new.rule_id and list.account_id = project.account_id
           and (list.environment_id is null or list.environment_id = new.environment_id)
    ) then
        raise exception 'a rule cannot keep anything out of an environment that its list does not hold for'
            using errcode = 'check_violation', constraint = 'keptout_where_its_rule_holds', table = 'ipfilter_keptout';
    end if;
    return null;
end $$;
create trigger keptout_where_its_rule_holds after insert or update of rule_id, environment_id on ipfilter_keptout
    for each row execute function keptout_where_its_rule_holds();
"""
UNDO = """
drop trigger keptout_where_its_rule_holds on ipfilter_keptout;
drop function keptout_where_its_rule_holds();
"""


class Migration(migrations.Migration):
    dependencies = [("ipfilter", "0003_stamps_and_guards")]
    operations = [migrations.RunSQL(GUARD, UNDO)]
