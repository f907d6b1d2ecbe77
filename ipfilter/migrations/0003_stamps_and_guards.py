"""A stamp on each list that tells when its rules change; lists stay in their account; counters go with their rule.

An environment does not name its account, so a composite foreign key cannot say that a list's environment is one of
its account: triggers do, on the list and on what could be moved from under it.
"""

from django.db import migrations, models

STAMP = """
set local lock_timeout = '5s';
create sequence ipfilter_stamp;
create function excludedip_stamp() returns trigger language plpgsql as $$
begin
    update ipfilter_excludediplist set stamp = nextval('ipfilter_stamp') where id in (select list_id from touched);
    return null;
end $$;
create trigger excludedip_stamp_insert after insert on ipfilter_excludedip
    referencing new table as touched for each statement execute function excludedip_stamp();
create trigger excludedip_stamp_delete after delete on ipfilter_excludedip
    referencing old table as touched for each statement execute function excludedip_stamp();
create trigger excludedip_stamp_update after update on ipfilter_excludedip
    referencing new table as touched for each statement execute function excludedip_stamp();
create trigger excludedip_stamp_update_from after update on ipfilter_excludedip
    referencing old table as touched for each statement execute function excludedip_stamp();
create trigger excludediplist_directory_changed after delete on ipfilter_excludediplist
    for each statement execute function directory_changed();
update ipfilter_excludediplist set stamp = nextval('ipfilter_stamp');
"""
STAMP_UNDO = """
drop trigger excludediplist_directory_changed on ipfilter_excludediplist;
drop trigger excludedip_stamp_update_from on ipfilter_excludedip;
drop trigger excludedip_stamp_update on ipfilter_excludedip;
drop trigger excludedip_stamp_delete on ipfilter_excludedip;
drop trigger excludedip_stamp_insert on ipfilter_excludedip;
drop function excludedip_stamp();
drop sequence ipfilter_stamp;
"""

OWN_ACCOUNT = """
create function excludediplist_stays_in_its_account() returns trigger language plpgsql as $$
begin
    if exists (
        select 1
          from ipfilter_excludediplist list
          join projects_environment environment on environment.id = list.environment_id
          join projects_project project on project.id = environment.project_id
         where project.account_id <> list.account_id
           and case tg_table_name
                   when 'ipfilter_excludediplist' then list.id = new.id
                   when 'projects_environment' then environment.id = new.id
                   else project.id = new.id
               end
    ) then
        raise exception 'a list of excluded IPs would belong to one account and its environment to another'
            using errcode = 'check_violation', constraint = 'excludediplist_stays_in_its_account',
                  table = 'ipfilter_excludediplist';
    end if;
    return null;
end $$;
create trigger excludediplist_stays_in_its_account
    after insert or update of account_id, environment_id on ipfilter_excludediplist
    for each row when (new.environment_id is not null) execute function excludediplist_stays_in_its_account();
create trigger excludediplist_stays_in_its_account after update of project_id on projects_environment
    for each row when (old.project_id <> new.project_id) execute function excludediplist_stays_in_its_account();
create trigger excludediplist_stays_in_its_account after update of account_id on projects_project
    for each row when (old.account_id <> new.account_id) execute function excludediplist_stays_in_its_account();
"""
OWN_ACCOUNT_UNDO = """
drop trigger excludediplist_stays_in_its_account on projects_project;
drop trigger excludediplist_stays_in_its_account on projects_environment;
drop trigger excludediplist_stays_in_its_account on ipfilter_excludediplist;
drop function excludediplist_stays_in_its_account();
"""

FOREIGN_KEYS = """
do $$
declare
    found record;
begin
    for found in
        select conname, pg_get_constraintdef(oid) as definition from pg_constraint
         where conrelid = 'ipfilter_keptout'::regclass and contype = 'f'
    loop
        execute format('alter table ipfilter_keptout drop constraint %I', found.conname);
        execute format('alter table ipfilter_keptout add constraint %I ', found.conname) || {definition};
    end loop;
end $$;
"""
CASCADE = FOREIGN_KEYS.replace("{definition}", "replace(found.definition, ' DEFERRABLE', ' on delete cascade deferrable')")
CASCADE_UNDO = FOREIGN_KEYS.replace("{definition}", "replace(found.definition, ' ON DELETE CASCADE', '')")


class Migration(migrations.Migration):
    dependencies = [("ipfilter", "0002_directory_changes"), ("projects", "0002_directory_changes")]
    operations = [
        migrations.AddField("excludediplist", "stamp", models.BigIntegerField(db_default=0, default=0, editable=False)),
        migrations.RunSQL(STAMP, STAMP_UNDO),
        migrations.RunSQL(OWN_ACCOUNT, OWN_ACCOUNT_UNDO),
        migrations.RunSQL(CASCADE, CASCADE_UNDO),
    ]
