"""Rows of events or people with what has to be joined to them, and conditions on them as SQL.

Merges are respected here: `actor` is who an event's actor is today.
"""

from analytics.questions.conditions import Condition, Field, Group, Match, Operator, Source
from analytics.sql.statement import Statement


class Rows:
    """What a FROM is made of. Joins are added on demand, so a statement without merges does not pay for them.

    `source` is a table or sub-select with the alias "e" (events) or "p" (people).
    """

    def __init__(self, statement: Statement, source: str = "events e", *, are_people: bool = False) -> None:
        self.statement = statement
        self.are_people = are_people
        self.source = source
        self.joins: dict[str, str] = {}

    @property
    def actor(self) -> str:
        """An expression: the person, after merging."""
        if self.are_people:
            return "p.actor_id"
        if not self.statement.catalogue.has_merges:
            return "e.actor_id"
        self.joins.setdefault(
            "m",
            f"left join merges m on m.environment_id = {self.statement.environment} and m.from_actor = e.actor_id",
        )
        return "coalesce(m.to_actor, e.actor_id)"

    def people(self) -> str:
        """The alias under which the person's row is joined."""
        if not self.are_people:
            actor = self.actor
            self.joins.setdefault(
                "p", f"left join people p on p.environment_id = {self.statement.environment} and p.actor_id = {actor}"
            )
        return "p"

    def join(self, alias: str, sql: str) -> None:
        self.joins.setdefault(alias, sql)

    def from_(self) -> str:
        """The FROM clause; take it last, when all conditions have been made."""
        return " ".join([f"from {self.source}", *self.joins.values()])

    def field(self, field: Field) -> str:
        """The field's value as text, or null."""
        if field.source is Source.EVENT:
            return f"e.{field.key}"  # one of conditions.EVENT_FIELDS: Field takes no other
        if field.source is Source.PERSON:
            return f"{self.people()}.{field.key}"
        column = f"{self.people()}.properties" if field.source is Source.USER else "e.properties"
        return f"({self.statement.dialect.property(column, self.statement.bind(field.key))})"

    def condition(self, condition: Condition) -> str:
        """True where it holds, else null or false. Never negate it: null would stay null."""
        text = self.field(condition.field)
        dialect, bind, value = self.statement.dialect, self.statement.bind, condition.value
        match condition.operator:
            case Operator.IS:
                return f"{text} = {bind(value)}"
            case Operator.IS_NOT:
                return f"({text} is null or {text} <> {bind(value)})"
            case Operator.CONTAINS:
                return dialect.contains(text, bind(value))
            case Operator.NOT_CONTAINS:
                return f"({text} is null or not ({dialect.contains(text, bind(value))}))"
            case Operator.MATCHES:
                return f"{text} like {bind(like_pattern(value))}"
            case Operator.EXISTS:
                return f"{text} is not null"
            case Operator.NOT_EXISTS:
                return f"{text} is null"
            case Operator.GREATER:
                return f"{dialect.number(text)} > {dialect.constant_number(bind(value))}"
            case Operator.LESS:
                return f"{dialect.number(text)} < {dialect.constant_number(bind(value))}"

    def group(self, group: Group) -> str:
        """All conditions of the group in one; "true" without any."""
        return joined(group.match, [self.condition(each) for each in group.conditions])


def joined(match: Match, parts: list[str]) -> str:
    if not parts:
        return "true"
    return "(" + (" and " if match is Match.ALL else " or ").join(parts) + ")"


def like_pattern(wildcard: str) -> str:
    """ "/docs/*" as LIKE understands it; what LIKE itself finds special is taken literally."""
    for special in "\\%_":
        wildcard = wildcard.replace(special, f"\\{special}")
    return wildcard.replace("*", "%")
