"""Rows of events or people, with their joins and conditions, as SQL.

Merges are respected here: `actor` is the person to whom an event's actor belongs today.
"""

from collections.abc import Callable

from analytics.questions.conditions import Condition, Field, Group, Match, Operator, Source
from analytics.sql.statement import Statement
from events.names import stored_name

NAME = Field(Source.EVENT, "name")
EXACT = (Operator.IS, Operator.IS_NOT, Operator.ONE_OF, Operator.NONE_OF)  # compare whole values


class Rows:
    """A FROM clause. Joins are added on demand, so that a statement that needs no merges does not pay for them.

    `source` is a table or sub-select with the alias "e" (events) or "p" (people).
    """

    def __init__(self, statement: Statement, source: str = "events e", *, are_people: bool = False) -> None:
        self.statement = statement
        self.are_people = are_people
        self.source = source
        self.joins: dict[str, str] = {}

    @property
    def actor(self) -> str:
        """The expression for the person, after merging."""
        if self.are_people:
            return "p.actor_id"
        if not self.statement.glossary.has_merges:
            return "e.actor_id"
        self.joins.setdefault(
            "m",
            f"left join merges m on m.environment_id = {self.statement.environment} and m.from_actor = e.actor_id",
        )
        return "coalesce(m.to_actor, e.actor_id)"

    def people(self) -> str:
        """The alias of the person's row, which is joined on demand."""
        if not self.are_people:
            actor = self.actor
            self.joins.setdefault(
                "p", f"left join people p on p.environment_id = {self.statement.environment} and p.actor_id = {actor}"
            )
        return "p"

    def join(self, alias: str, sql: str) -> None:
        self.joins.setdefault(alias, sql)

    def from_(self) -> str:
        """The FROM clause. Call it after making all conditions, because they add joins."""
        return " ".join([f"from {self.source}", *self.joins.values()])

    def field(self, field: Field) -> str:
        """The field's value as text, or null."""
        if field.source is Source.EVENT:
            return f"e.{field.key}"  # safe: Field accepts only keys of conditions.EVENT_FIELDS
        if field.source is Source.PERSON:
            return f"{self.people()}.{field.key}"
        column = f"{self.people()}.properties" if field.source is Source.USER else "e.properties"
        return f"({self.statement.dialect.property(column, self.statement.bind(field.key))})"

    def number(self, field: Field) -> str:
        """The field's value as a number, or null where it is none (conditions.NUMBER)."""
        if field.source in (Source.EVENT, Source.PERSON):
            return self.statement.dialect.number(self.field(field))
        column = f"{self.people()}.properties" if field.source is Source.USER else "e.properties"
        return self.statement.dialect.number_property(column, self.statement.bind(field.key))

    def condition(self, condition: Condition) -> str:
        """An expression: true if it holds, else false or null. Never negate it, because null would stay null."""
        text = self.field(condition.field)
        dialect, bind, value = self.statement.dialect, self.statement.bind, condition.value
        spellings = condition.spellings
        if condition.field == NAME and condition.operator in EXACT:
            spellings = tuple(stored_name(each) for each in condition.values)

        def any_spelling(holds: Callable[[str], str]) -> str:
            found = [holds(each) for each in spellings]
            return found[0] if len(found) == 1 else joined(Match.ANY, found)

        match condition.operator:
            case Operator.IS:
                return any_spelling(lambda each: f"{text} = {bind(each)}")
            case Operator.IS_NOT:
                return f"({text} is null or not ({any_spelling(lambda each: f'{text} = {bind(each)}')}))"
            case Operator.ONE_OF:
                return f"{text} in ({', '.join(bind(each) for each in spellings)})"
            case Operator.NONE_OF:
                return f"({text} is null or {text} not in ({', '.join(bind(each) for each in spellings)}))"
            case Operator.CONTAINS:
                return any_spelling(lambda each: dialect.contains(text, bind(each)))
            case Operator.NOT_CONTAINS:
                return f"({text} is null or not ({any_spelling(lambda each: dialect.contains(text, bind(each)))}))"
            case Operator.MATCHES:
                return any_spelling(lambda each: f"{text} like {bind(like_pattern(each))}")
            case Operator.EXISTS:
                return f"{text} is not null"
            case Operator.NOT_EXISTS:
                return f"{text} is null"
            case Operator.GREATER:
                return f"{dialect.number(text)} > {dialect.constant_number(bind(value))}"
            case Operator.LESS:
                return f"{dialect.number(text)} < {dialect.constant_number(bind(value))}"

    def group(self, group: Group) -> str:
        """All conditions of the group as one expression; "true" if there are none."""
        inner = [self.group(each) for each in group.groups]
        return joined(group.match, [*(self.condition(each) for each in group.conditions), *inner])


def joined(match: Match, parts: list[str]) -> str:
    if not parts:
        return "true"
    return "(" + (" and " if match is Match.ALL else " or ").join(parts) + ")"


def like_pattern(wildcard: str) -> str:
    """A wildcard such as "/docs/*" as a pattern for LIKE. LIKE's own special characters are escaped."""
    for special in "\\%_":
        wildcard = wildcard.replace(special, f"\\{special}")
    return wildcard.replace("*", "%")
