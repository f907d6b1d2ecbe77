"""What must hold whatever changes rows: somebody has full access, and activity stays as it was written.

Both let an account be closed: one whose `closed_at` is set may lose its last teammate, and its activity may be
deleted in a transaction that says so: `select set_config('heapadmin.purging', '<account id>', true)`.
"""

from django.db import migrations

FULL_ACCESS = """
set local lock_timeout = '5s';
create function require_full_access(closing bigint) returns void language plpgsql as $$
begin
    -- the lock makes two transactions that each remove one of the last two wait for each other
    perform 1 from accounts_account where id = closing and closed_at is null for no key update;
    if found and not exists (
        select 1 from accounts_membership m join accounts_user u on u.id = m.user_id
        where m.account_id = closing and not m.read_only and u.is_active
    ) then
        raise exception 'account % would be left without a teammate with full access', closing
            using errcode = 'check_violation', constraint = 'account_keeps_full_access', table = 'accounts_account';
    end if;
end $$;

create function membership_lost() returns trigger language plpgsql as $$
begin
    perform require_full_access(old.account_id);
    return null;
end $$;
create constraint trigger account_keeps_full_access
    after update or delete on accounts_membership deferrable initially deferred
    for each row when (not old.read_only) execute function membership_lost();

create function login_switched_off() returns trigger language plpgsql as $$
declare
    account bigint;
begin
    for account in
        select account_id from accounts_membership where user_id = old.id and not read_only order by account_id
    loop
        perform require_full_access(account);
    end loop;
    return null;
end $$;
create constraint trigger account_keeps_full_access
    after update on accounts_user deferrable initially deferred
    for each row when (old.is_active and not new.is_active) execute function login_switched_off();
"""
FULL_ACCESS_UNDO = """
drop trigger account_keeps_full_access on accounts_user;
drop trigger account_keeps_full_access on accounts_membership;
drop function login_switched_off();
drop function membership_lost();
drop function require_full_access(bigint);
"""

ACTIVITY = """
create function activity_is_append_only() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' and current_setting('heapadmin.purging', true) = old.account_id::text and exists (
        select 1 from accounts_account where id = old.account_id and closed_at is not null
    ) then
        return old;
    end if;
    raise exception 'activity is append-only'
        using errcode = 'restrict_violation', constraint = 'activity_is_append_only', table = 'accounts_activity';
end $$;
create trigger activity_is_append_only before update or delete on accounts_activity
    for each row execute function activity_is_append_only();
"""
ACTIVITY_UNDO = """
drop trigger activity_is_append_only on accounts_activity;
drop function activity_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_invitations_and_settings")]
    operations = [migrations.RunSQL(FULL_ACCESS, FULL_ACCESS_UNDO), migrations.RunSQL(ACTIVITY, ACTIVITY_UNDO)]
