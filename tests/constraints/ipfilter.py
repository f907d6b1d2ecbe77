"""What breaks the constraints of the tables of excluded IPs."""

from tests.constraints.rows import Breaks, again, change, without
from tests.factories import AccountFactory, EnvironmentFactory, ProjectFactory
from tests.ipfilter.factories import ExcludedIPFactory, ExcludedIPListFactory, KeptOutFactory


def count_beside_the_list():
    """In another environment of the project than the rule's list holds for."""
    rule = ExcludedIPFactory(list__own=True)
    staging = EnvironmentFactory(project=rule.list.environment.project, name="Staging", is_production=False)
    KeptOutFactory(rule=rule, environment=staging)


BREAKS: Breaks = {
    "excludediplist_one_account_list": lambda: again(ExcludedIPListFactory()),
    "ipfilter_excludediplist_environment_id_key": lambda: again(ExcludedIPListFactory(own=True)),
    "ipfilter_excludediplist_version_check": lambda: ExcludedIPListFactory(version=-1),
    "excludediplist_stays_in_its_account: insert ipfilter_excludediplist": lambda: ExcludedIPListFactory(
        environment=EnvironmentFactory()
    ),
    "excludediplist_stays_in_its_account: update ipfilter_excludediplist": [
        lambda: change(ExcludedIPListFactory(own=True), environment=EnvironmentFactory()),
        lambda: change(ExcludedIPListFactory(own=True), account=AccountFactory()),
    ],
    "excludediplist_stays_in_its_account: update projects_environment": lambda: change(
        ExcludedIPListFactory(own=True).environment, project=ProjectFactory()
    ),
    "excludediplist_stays_in_its_account: update projects_project": lambda: change(
        ExcludedIPListFactory(own=True).environment.project, account=AccountFactory()
    ),
    "excludedip_once_per_list": lambda: again(ExcludedIPFactory(), source="10.1.0.0/16", position=1),
    "ipfilter_excludedip_position_check": lambda: ExcludedIPFactory(position=-1),
    "keptout_once_per_day": lambda: again(KeptOutFactory()),
    "keptout_counts_something": lambda: KeptOutFactory(count=0),
    "ipfilter_keptout_count_check": without("keptout_counts_something", lambda: KeptOutFactory(count=-1)),
    "keptout_where_its_rule_holds: insert ipfilter_keptout": [
        lambda: KeptOutFactory(environment=EnvironmentFactory()),
        count_beside_the_list,
    ],
    "keptout_where_its_rule_holds: update ipfilter_keptout": [
        lambda: change(KeptOutFactory(), environment=EnvironmentFactory()),
        lambda: change(KeptOutFactory(), rule=ExcludedIPFactory()),
    ],
    # The trigger refuses a counter that names no rule or environment; so here those that it names get another number.
    "ipfilter_keptout_rule_id_fb27fc0c_fk_ipfilter_excludedip_id": lambda: change(KeptOutFactory().rule, id=-1),
    "ipfilter_keptout_environment_id_9a2217e8_fk_projects_": lambda: change(KeptOutFactory().environment, id=-1),
}
