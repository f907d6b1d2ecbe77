"""What the collector knows about environments: their app_ids and the addresses that they exclude. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ipfilter.rules.lists import CompiledRules
from ipfilter.rules_cache import RulesInForce
from projects.capture import Capture

ENVIRONMENTS_SQL = """
select environment.app_id, environment.id, environment.project_id, account.id,
       account.closed_at is not null or environment.deleting_at is not null, environment.capture::text
  from projects_environment environment
  join projects_project project on project.id = environment.project_id
  join accounts_account account on account.id = project.account_id
 order by environment.id
"""

EnvironmentRow = tuple[str, int, int, int, bool, str]
"""app_id, id, project id, account id, whether the account is closed or the environment is being deleted, and what its
tracker leaves out, as JSON."""


@dataclass(frozen=True, slots=True)
class KnownEnvironment:
    """One environment, with what `decide` needs."""

    environment_id: int
    project_id: int
    account_id: int
    is_closed: bool
    rules: tuple[CompiledRules[int], ...]  # of the account and of the environment, if they have any
    capture: Capture | None = None  # if anything is left out

    def excludes(self, address: str) -> int | None:
        """The id of a rule that excludes `address`, or None."""
        for rules in self.rules:
            rule_id = rules.match(address)
            if rule_id is not None:
                return rule_id
        return None


KnownEnvironments = dict[str, KnownEnvironment]
"""By app_id. It is never changed in place, only replaced."""


def known_environments(environment_rows: Iterable[EnvironmentRow], in_force: RulesInForce) -> KnownEnvironments:
    """Build the environments from the rows of ENVIRONMENTS_SQL and the rules in force."""
    return {
        app_id: KnownEnvironment(
            environment_id,
            project_id,
            account_id,
            is_closed,
            in_force.of(account_id=account_id, environment_id=environment_id),
            Capture.from_json(json.loads(capture)) if capture != "{}" else None,
        )
        for app_id, environment_id, project_id, account_id, is_closed, capture in environment_rows
    }
