"""The confirmation that is asked for before an environment or a project is deleted."""

from dataclasses import dataclass

from common.counted import counted
from projects import registry, removal
from projects.models import Environment, Project


@dataclass
class DeleteQuestion:
    """What will be deleted, as a list of phrases, and the name that must be typed to confirm."""

    name: str
    goes: list[str]
    error: str = ""

    @classmethod
    def about(cls, environments: list[Environment], name: str, project: Project | None = None) -> "DeleteQuestion":
        """Count what is deleted with `environments`, and with `project` if the whole project is deleted."""
        rows = removal.count({"environment_id": [each.pk for each in environments]})
        kept: dict[str, int] = {}
        for found in registry.kept(environments).values():
            for kind, number in found.items():
                kept[kind] = kept.get(kind, 0) + number
        if project is not None:
            kept["API keys"] = project.api_keys.count()
            kept["API tokens"] = project.api_tokens.count()
        names = ", ".join(each.name for each in environments)
        goes = [
            f"{counted(len(environments), 'environment')}: {names}",
            *(counted(number, kind.removesuffix("s")) for kind, number in kept.items()),
            f"all collected data: {counted(rows, 'row')} of events, people and what belongs to them",
        ]
        return cls(name, goes)

    def problem(self, confirm: str) -> str:
        """Why `confirm` does not confirm; empty when it does."""
        return "" if confirm.split() == self.name.split() else f"Type {self.name} exactly as it is written here."
