"""The access that was chosen for a teammate or an invitation in one project; and whose project a removal is."""

import django.db.models.deletion
from django.db import migrations, models

GUARD = """
create function projectrole_stays_in_its_account() returns trigger language plpgsql as $$
begin
    if not exists (
        select 1
          from projects_project project
         where project.id = new.project_id
           and project.account_id = coalesce(
                   (select account_id from accounts_membership where id = new.membership_id),
                   (select account_id from accounts_invitation where id = new.invitation_id)
               )
    ) then
        raise exception 'a role would be of one account and its project of another'
            using errcode = 'check_violation', constraint = 'projectrole_stays_in_its_account',
                  table = 'projects_projectrole';
    end if;
    return null;
end $$;
create trigger projectrole_stays_in_its_account
    after insert or update of project_id, membership_id, invitation_id on projects_projectrole
    for each row execute function projectrole_stays_in_its_account();
"""
UNDO = """
drop trigger projectrole_stays_in_its_account on projects_projectrole;
drop function projectrole_stays_in_its_account();
"""


class Migration(migrations.Migration):
    runs_beside_old_code = False  # servers of before would show hidden projects to everybody

    dependencies = [
        ('accounts', '0010_roles_by_project'),
        ('projects', '0009_months_kept'),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='removal',
            name='project_number',
            field=models.BigIntegerField(null=True),
        ),
        migrations.CreateModel(
            name='ProjectRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('access', models.CharField(blank=True, choices=[('read_only', 'read-only'), ('full', 'full access')], max_length=20)),
                ('invitation', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='project_roles', to='accounts.invitation')),
                ('membership', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='project_roles', to='accounts.membership')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roles', to='projects.project')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('membership', 'project'), name='projectrole_once_per_teammate'), models.UniqueConstraint(fields=('invitation', 'project'), name='projectrole_once_per_invitation'), models.CheckConstraint(condition=models.Q(models.Q(('invitation__isnull', False), ('membership', None)), models.Q(('invitation', None), ('membership__isnull', False)), _connector='OR'), name='projectrole_of_a_teammate_or_an_invitation'), models.CheckConstraint(condition=models.Q(('access__in', ['', 'read_only', 'full'])), name='projectrole_access_is_known')],
            },
        ),
        migrations.RunSQL(GUARD, UNDO),
    ]
