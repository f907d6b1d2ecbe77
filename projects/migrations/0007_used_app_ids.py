"""Remember the app_ids of the environments there are. Those of environments deleted before are not known any more."""

from django.db import migrations

REMEMBER = """
insert into projects_usedappid (app_id, account_number)
select environment.app_id, project.account_id
  from projects_environment environment join projects_project project on project.id = environment.project_id
    on conflict (app_id) do nothing;
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0006_app_ids")]
    operations = [migrations.RunSQL(REMEMBER, migrations.RunSQL.noop)]
