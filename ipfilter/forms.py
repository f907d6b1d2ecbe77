"""The form of the Excluded IPs tab: one list, its version, and the confirmation that it keeps everybody out."""

from functools import cached_property
from typing import Any

from django import forms

from ipfilter import combined_lists
from ipfilter.list_scope import ListScope
from ipfilter.rules.lists import LineError, RuleList, RulesError, parse

ROWS_LEAST, ROWS_MOST = 10, 24
EVERYBODY = "Nothing is saved yet. Tick the box if that is what you want."


class ExcludedIPsForm(forms.Form):
    """One list as typed. After `is_valid`, `rules` holds the parsed rules, or `line_errors` what is not understood.

    `understood` are the rules in either case.
    """

    text = forms.CharField(
        label="One per line",
        required=False,
        strip=False,
        widget=forms.Textarea(
            attrs={
                "class": "mono",
                "spellcheck": "false",
                "autocapitalize": "off",
                "autocomplete": "off",
                "placeholder": "203.0.113.7 # Paris office",
            }
        ),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    everybody = forms.BooleanField(label="Yes, keep them all out", required=False)

    def __init__(self, *args: Any, scope: ListScope, is_preview: bool = False, **kwargs: Any) -> None:
        """`is_preview` means that nothing will be saved, so nothing has to be confirmed."""
        super().__init__(*args, **kwargs)
        self.scope = scope
        self.rules: RuleList | None = None
        self.understood: RuleList | None = None
        self.line_errors: list[LineError] = []
        self.is_preview = is_preview
        lines = str(self["text"].value() or "").count("\n") + 3
        self.fields["text"].widget.attrs["rows"] = min(max(lines, ROWS_LEAST), ROWS_MOST)

    @classmethod
    def showing(cls, scope: ListScope) -> "ExcludedIPsForm":
        """The form filled with the saved list."""
        kept = scope.saved_list()
        return cls(scope=scope, initial={"text": kept.text, "version": kept.version})

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n").replace("\r", "\n")
        try:
            self.rules = self.understood = parse(text)
        except RulesError as refused:
            self.line_errors, self.understood = refused.errors, refused.understood
            raise forms.ValidationError(_in_short(refused.errors)) from None
        return text

    def clean(self) -> None:
        if self.blocks_everybody and not self.is_preview and not self.cleaned_data.get("everybody"):
            self.add_error("everybody", EVERYBODY)

    @property
    def blocks_everybody(self) -> bool:
        """Whether what is understood does, so that people read it while they still correct other lines."""
        understood = self.understood
        return understood is not None and (understood.blocks_everybody or self.blocks_everybody_together)

    @cached_property
    def blocks_everybody_together(self) -> bool:
        """Whether it does so only together with another list that applies. Call it on a validated form."""
        return self.understood is not None and combined_lists.block_everybody(self.scope, self.understood)

    @property
    def has_suggestions(self) -> bool:
        return any(error.suggestion for error in self.line_errors)

    def wanted(self) -> dict[str, Any]:
        """Arguments for `actions.save_list` from a valid form. Version -1, if none was sent, matches no list."""
        version = self.cleaned_data["version"]
        return {
            "text": self.cleaned_data["text"],
            "rules": self.rules,
            "version": -1 if version is None else version,
            "everybody_confirmed": self.cleaned_data["everybody"],
        }


def _in_short(errors: list[LineError]) -> str:
    lines = len({error.line for error in errors})
    if lines == 1:
        return "One line is not understood, so nothing is saved."
    return f"{lines:,} lines are not understood, so nothing is saved."
