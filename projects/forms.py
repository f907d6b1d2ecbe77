"""Forms of the Projects & environments tab."""

from collections.abc import Callable
from typing import Any

from django import forms

from accounts.forms import ChangesForm
from accounts.models import Account
from common.names import NameField
from common.time_zones import time_zones
from projects.capture import LONGEST_PATTERN, MOST_PATTERNS, BadPattern, Capture, paths, sites
from projects.models import ApiKey, Environment, Project, UsedAppId


class AppIdField(forms.RegexField):
    """An app_id from Heap, or nothing. Heap's are numbers below 2^32; a leading zero would be lost in JSON."""

    def __init__(self, **kwargs: Any) -> None:
        self.widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"})
        super().__init__(
            r"^[1-9][0-9]{0,9}\Z",
            required=False,
            strip=True,
            error_messages={"invalid": "Type the digits alone: ten at most, and the first is not 0."},
            **kwargs,
        )


def app_id_problem(app_id: str, account: Account, project: Project | None = None) -> str:
    """Why `account` cannot have this app_id, or "". Of others it does not tell whether they have it or had it.

    With `project` no other project is named, which may be hidden from the person.
    """
    own = Environment.objects.filter(app_id=app_id, project__account=account).select_related("project").first()
    if own is not None:
        if project is not None and own.project_id != project.pk:
            return "It is the app_id of another project of this account."
        ends = ", which is being deleted. It is free when that is done" if own.deleting_at else ""
        return f"It is the app_id of {own.project.name} › {own.name}{ends}."
    if UsedAppId.objects.filter(app_id=app_id).exclude(account_number=account.pk).exists():
        return "This app_id cannot be used. If it is yours at Heap, write to us with Talk to Us."
    return ""


BRING_AN_APP_ID = (
    "<p>The digits in <code>heap.load(…)</code>. Leave it empty, and the environment gets one of its own. "
    "If you bring one along:</p><ul>"
    "<li>In your code only the address changes. Visitors keep their cookies, and stay who they are.</li>"
    "<li>No data comes along. The environment starts with 0 events.</li>"
    "<li>It is public, as it was at Heap: whoever knows it can send events to this environment.</li>"
    "<li>It stays with this account for ever. No other account can take it, even after you delete the environment.</li>"
    "</ul>"
)


class AppIdForm(forms.Form):
    """What forms for a new environment share: an app_id from Heap. Subclasses set `account`."""

    account: Account
    project: Project | None = None  # to which the environment is added
    app_id = AppIdField(label="app_id from Heap", help_text=BRING_AN_APP_ID)

    def clean_app_id(self) -> str:
        app_id: str = self.cleaned_data["app_id"]
        if app_id and (problem := app_id_problem(app_id, self.account, self.project)):
            raise forms.ValidationError(problem)
        return app_id


class ProjectForm(forms.Form):
    """A project's name, unique in the account (case-insensitive)."""

    name = NameField(label="Name", max_length=100)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.account = account

    def names(self) -> set[str]:
        """The names that are taken, in lower case."""
        return {each.lower() for each in self.account.projects.live().values_list("name", flat=True)}

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if name.lower() in self.names():
            raise forms.ValidationError(f"There is a project named “{name}” already.")
        return name


class NewProjectForm(AppIdForm, ProjectForm):
    """A new project's name, and perhaps an app_id for its Production."""

    field_order = ["name", "app_id"]


WEEK_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ProjectSettingsForm(ChangesForm, ProjectForm):
    """A project's name, and how its days and weeks are counted."""

    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones(),
        help_text="Days, weeks and months in queries and reports begin at its midnight.",
    )
    week_starts_on = forms.TypedChoiceField(
        label="Weeks start on", choices=list(enumerate(WEEK_DAYS, start=1)), coerce=int
    )
    leaves_out_robots = forms.BooleanField(
        label="Leave robots out of questions",
        required=False,
        help_text="Crawlers, monitors and headless browsers. The live view still shows them.",
    )

    KEPT = ("name", "time_zone", "week_starts_on", "leaves_out_robots")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        self.project = project
        kept = {name: getattr(project, name) for name in self.KEPT}
        super().__init__(*args, account=project.account, **(kwargs | {"initial": kept}))

    def names(self) -> set[str]:
        others = self.account.projects.live().exclude(pk=self.project.pk)
        return {each.lower() for each in others.values_list("name", flat=True)}


SITES_HELP = "One a line: shop.example, or *.shop.example for all below it."
PATHS_HELP = "One a line: /pricing, or /admin/* for all below it."


class PatternsField(forms.CharField):
    """Lines that `read` understands; its value is what that gives."""

    def __init__(self, read: Callable[[str], tuple[str, ...]], **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"})
        super().__init__(required=False, max_length=MOST_PATTERNS * (LONGEST_PATTERN + 2), widget=widget, **kwargs)
        self.read = read

    def clean(self, value: Any) -> tuple[str, ...]:
        try:
            return self.read(super().clean(value))
        except BadPattern as bad:
            raise forms.ValidationError(str(bad)) from None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(initial or "").split() != str(data or "").split()


class EnvironmentNameForm(forms.Form):
    """An environment's name, unique in its project (case-insensitive). With `environment`, that one is renamed."""

    name = NameField(label="Name", max_length=100)

    def __init__(self, *args: Any, project: Project, environment: Environment | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.others = project.environments.live()
        if environment is not None:
            self.initial["name"] = environment.name
            self.others = self.others.exclude(pk=environment.pk)

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self.others.filter(name__iexact=name).exists():
            raise forms.ValidationError(f"There is an environment named “{name}” in this project already.")
        return name


class EnvironmentForm(AppIdForm, EnvironmentNameForm):
    """A new environment's name, the environment of the same project that it is copied from, and perhaps an app_id."""

    field_order = ["name", "source", "app_id"]
    source = forms.ModelChoiceField(
        Environment.objects.none(),
        label="Copy definitions and reports from",
        empty_label=None,
        help_text="Definitions and reports are copied; events and people are not.",
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, project=project, **kwargs)
        self.account, self.project = project.account, project
        source = self.fields["source"]
        assert isinstance(source, forms.ModelChoiceField)
        source.queryset = project.environments.live().order_by("-is_production", "name")
        source.initial = source.queryset.first()


class ApiKeyForm(forms.Form):
    """A new API key's name, unique among the project's keys in force (case-insensitive)."""

    name = NameField(label="Name", max_length=100, help_text="The program that will use it: “Nightly clean-up”.")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if ApiKey.objects.in_force().filter(project=self.project, name__iexact=name).exists():
            raise forms.ValidationError(f"There is an API key named “{name}” already.")
        return name


class CaptureForm(ChangesForm, forms.Form):
    """What an environment's tracker leaves out, and where."""

    without_query = forms.BooleanField(
        label="Queries", required=False, help_text="What follows the ? in addresses. Campaigns (utm_…) stay."
    )
    without_hash = forms.BooleanField(label="Hashes", required=False, help_text="What follows the # in addresses.")
    without_titles = forms.BooleanField(label="Titles of pages", required=False)
    without_text = forms.BooleanField(
        label="Texts of what is clicked", required=False, help_text="Labels of buttons and links, for example."
    )
    obeys_gpc = forms.BooleanField(label="Nothing from browsers that send Global Privacy Control", required=False)
    obeys_dnt = forms.BooleanField(label="Nothing from browsers that send Do Not Track", required=False)
    only_sites = PatternsField(sites, label="Only on these sites", help_text=SITES_HELP)
    only_paths = PatternsField(paths, label="Only on these paths", help_text=PATHS_HELP)
    never_sites = PatternsField(sites, label="Never on these sites", help_text=SITES_HELP)
    never_paths = PatternsField(paths, label="Never on these paths", help_text=PATHS_HELP)

    LEFT_OUT = ("without_query", "without_hash", "without_titles", "without_text")
    SIGNALS = ("obeys_gpc", "obeys_dnt")
    PLACES = ("only_sites", "only_paths", "never_sites", "never_paths")

    def __init__(self, *args: Any, capture: Capture, **kwargs: Any) -> None:
        kept = {name: "\n".join(each) if isinstance(each, list) else each for name, each in capture.to_json().items()}
        super().__init__(*args, initial=kept, **kwargs)

    @property
    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [
            ("Left out everywhere", [self[name] for name in self.LEFT_OUT]),
            ("Signals of browsers", [self[name] for name in self.SIGNALS]),
            ("Where", [self[name] for name in self.PLACES]),
        ]
