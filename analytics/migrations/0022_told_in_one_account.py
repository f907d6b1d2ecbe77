"""Alerts and subscriptions tell teammates of their own account, and webhooks of their own environment."""

from django.db import migrations

REACHES = """
    select 1
      from projects_environment environment
      join projects_project project on project.id = environment.project_id
      join accounts_membership membership on membership.account_id = project.account_id
"""
GUARDS = {  # function and trigger: table, columns, when, what has to exist, words
    "alertrecipient_stays_in_its_account": (
        "analytics_alertrecipient",
        "alert_id, membership_id",
        "",
        f"{REACHES} join analytics_alert alert on alert.environment_id = environment.id "
        "where alert.id = new.alert_id and membership.id = new.membership_id",
        "an alert of one account would be told to a teammate of another",
    ),
    "alert_webhook_stays_in_its_environment": (
        "analytics_alert_webhooks",
        "alert_id, webhook_id",
        "",
        "select 1 from analytics_alert alert join analytics_webhook webhook using (environment_id) "
        "where alert.id = new.alert_id and webhook.id = new.webhook_id",
        "an alert of one environment would be told to a webhook of another",
    ),
    "alertdelivery_stays_in_its_account": (
        "analytics_alertdelivery",
        "change_id, membership_id",
        "when (new.membership_id is not null)",
        f"{REACHES} join analytics_alert alert on alert.environment_id = environment.id "
        "join analytics_alertchange change on change.alert_id = alert.id "
        "where change.id = new.change_id and membership.id = new.membership_id",
        "an alert of one account would be told to a teammate of another",
    ),
    "alertdelivery_stays_in_its_environment": (
        "analytics_alertdelivery",
        "change_id, webhook_id",
        "when (new.webhook_id is not null and new.change_id is not null)",
        "select 1 from analytics_alert alert join analytics_webhook webhook using (environment_id) "
        "join analytics_alertchange change on change.alert_id = alert.id "
        "where change.id = new.change_id and webhook.id = new.webhook_id",
        "an alert of one environment would be told to a webhook of another",
    ),
    "subscription_stays_in_its_account": (
        "analytics_subscription",
        "environment_id, membership_id",
        "",
        f"{REACHES} where environment.id = new.environment_id and membership.id = new.membership_id",
        "a subscription of one account would belong to a teammate of another",
    ),
}
MADE = """
create function {name}() returns trigger language plpgsql as $$
begin
    if not exists ({exists}) then
        raise exception '{words}'
            using errcode = 'check_violation', constraint = '{name}', table = '{table}';
    end if;
    return null;
end $$;
create trigger {name} after insert or update of {columns} on {table}
    for each row {when} execute function {name}();
"""
UNDO = "drop trigger {name} on {table}; drop function {name}();"


def _guard(name: str) -> migrations.RunSQL:
    table, columns, when, exists, words = GUARDS[name]
    made = MADE.format(name=name, table=table, columns=columns, when=when, exists=exists, words=words)
    return migrations.RunSQL(made, UNDO.format(name=name, table=table))


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [("analytics", "0021_labelling"), ("accounts", "0014_joining_by_scim")]
    operations = [migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop), *map(_guard, GUARDS)]
