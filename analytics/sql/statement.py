"""A statement while it is being built: its environment, its parameters, its common table expressions."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analytics.definitions.glossary import Glossary
from analytics.questions.query import Scope
from analytics.sql.dialect import Dialect, SqlType, sql_type


@dataclass
class Statement:
    """Collects parameters (`bind`) and CTEs (`define`) for one SQL text. It cannot be made without an environment.

    With `received_until`, it looks at no event that arrived later.

    Values never become part of the text: `bind` returns a placeholder. Names come from fixed tables.
    """

    scope: Scope
    glossary: Glossary
    now: datetime
    dialect: Dialect
    received_until: datetime | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    types: dict[str, SqlType] = field(default_factory=dict)  # of the parameters
    expressions: dict[str, str] = field(default_factory=dict)
    alternatives: int = 0  # how many selections went in; see selections.MAX_ALTERNATIVES

    def __post_init__(self) -> None:
        self.environment = self.bind(self.scope.environment_id)

    def bind(self, value: object) -> str:
        """A placeholder for the value, with its database type. Raises TypeError if it has none."""
        name, kind = f"p{len(self.parameters)}", sql_type(value)
        self.parameters[name], self.types[name] = value, kind
        return self.dialect.placeholder(name, kind)

    def define(self, name: str, sql: str) -> str:
        """Add a common table expression; the same name twice is the same expression."""
        self.expressions.setdefault(name, sql)
        return name

    def text(self, select: str) -> str:
        """The whole statement: the expressions in the order they were defined, then `select`."""
        if not self.expressions:
            return select
        parts = ",\n".join(f"{name} as ({sql})" for name, sql in self.expressions.items())
        return f"with {parts}\n{select}"
