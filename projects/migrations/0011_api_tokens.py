"""API tokens of projects."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

GUARD = """
create function apitoken_stays_in_its_account() returns trigger language plpgsql as $$
begin
    if not exists (
        select 1
          from accounts_membership membership
          join projects_project project on project.id = new.project_id
         where membership.id = new.membership_id and project.account_id = membership.account_id
    ) then
        raise exception 'a token would open a project of one account for a teammate of another'
            using errcode = 'check_violation', constraint = 'apitoken_stays_in_its_account', table = 'projects_apitoken';
    end if;
    return null;
end $$;
create trigger apitoken_stays_in_its_account after insert or update of project_id, membership_id on projects_apitoken
    for each row when (new.membership_id is not null) execute function apitoken_stays_in_its_account();
"""
UNDO = """
drop trigger apitoken_stays_in_its_account on projects_apitoken;
drop function apitoken_stays_in_its_account();
"""


class Migration(migrations.Migration):
    runs_beside_old_code = True

    dependencies = [
        ('accounts', '0010_roles_by_project'),
        ('projects', '0010_roles_by_project'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), size=None)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('ending', models.CharField(max_length=4)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('membership', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='accounts.membership')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to='projects.project')),
                ('revoked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('project'), django.db.models.functions.text.Lower('name'), condition=models.Q(('revoked_at', None)), name='apitoken_name_once_per_project'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='apitoken_has_a_name'), models.CheckConstraint(condition=models.Q(('scopes__contained_by', ['definitions', 'queries', 'people', 'excluded_ips', 'change_excluded_ips']), ('scopes__len__gte', 1)), name='apitoken_scopes_known'), models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='apitoken_digest_is_sha256'), models.CheckConstraint(condition=models.Q(('ending__regex', '^.{4}$')), name='apitoken_ending_four_characters'), models.CheckConstraint(condition=models.Q(('revoked_by', None), ('revoked_at__isnull', False), _connector='OR'), name='apitoken_revoked_by_with_a_time')],
            },
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
