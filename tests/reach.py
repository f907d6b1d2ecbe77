"""Which templates a request, a job or a command can reach, read from the code: nothing is run.

Names begin in Python (ours, and what is reachable of the installed packages) and lead on from template to template.
"""

import ast
import re
from functools import cache
from pathlib import Path

import allauth
import django
from django.apps import apps
from django.conf import settings
from django.template import Node, TemplateDoesNotExist, engines
from django.template.library import InclusionNode
from django.template.loader_tags import ExtendsNode, IncludeNode
from django.urls import get_resolver

from accounts.adapter import AccountAdapter, MfaAdapter, SessionsAdapter

ROOT = settings.BASE_DIR
NOT_SERVED = {"tests", "bench"}
ALLAUTH = Path(allauth.__file__).parent
NOT_INSTALLED = {"headless", "socialaccount", "idp", "tests", "migrations", "management"}  # parts of allauth
DJANGO = [Path(django.__file__).parent / part for part in ("views", "forms", "contrib/admin")]
ADMINS_TAGS = Path(django.__file__).parent / "contrib/admin/templatetags"
NEVER_BEGUN = {"ConfirmLoginCodeView"}  # signing in by a code from a mail is not switched on
FILE = re.compile(r"[\w/-]+\.(?:html|txt)")
ALLAUTHS_MAIL = re.compile(r"(?:account|mfa)/email/(\w+)")  # send_mail of our adapter looks for mail/<name>.txt


def reachable_templates() -> set[str]:
    """The names of all templates that are asked for, ours and those of packages."""
    code = [*our_code(), *code_of(*DJANGO), *_reachable_code_of_allauth()]
    found: set[str] = set()
    todo = _names_in(code) | {view.template_name for view in _views_reached() if getattr(view, "template_name", None)}
    todo |= {f"admin/{name}" for name in _names_in(code_of(ADMINS_TAGS))}  # they are named without the folder
    while todo:
        name = todo.pop()
        if name not in found and (nodes := _nodes(name)) is not None:
            found.add(name)
            todo |= {other for node in nodes if (other := _asked_for_by(node))}
    return found


def replaced_views() -> set[str]:
    """Views of allauth that no request reaches, because our URLs put another page in their place."""
    return {view.__name__ for view, is_reached in _views_of_allauth() if not is_reached}


def _views_reached():
    return [view for view, is_reached in _views_of_allauth() if is_reached and view.__name__ not in NEVER_BEGUN]


def _views_of_allauth():
    """Each view, and whether a request gets there: the first of two equal routes wins."""
    routes = set()
    for route, callback in _routes(get_resolver().url_patterns):
        view = getattr(callback, "view_class", callback)
        if view.__module__.startswith("allauth."):
            yield view, route not in routes
        routes.add(route)


def _routes(patterns, before=""):
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern.callback


@cache
def our_code() -> list[ast.Module]:
    """All modules of the product, parsed."""
    packages = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name not in NOT_SERVED]
    return code_of(*packages)


def code_of(*folders: Path) -> list[ast.Module]:
    return [ast.parse(path.read_text()) for folder in folders for path in folder.rglob("*.py")]


def _reachable_code_of_allauth():
    """Functions and classes of allauth whose names are mentioned by reachable code, beginning at its entrances.

    A name stands for everything that has it. So this finds too much rather than too little.
    """
    defined: dict[str, list[ast.AST]] = {}
    for path in ALLAUTH.rglob("*.py"):
        if not NOT_INSTALLED & set(path.relative_to(ALLAUTH).parts):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    defined.setdefault(node.name, []).append(node)
    seen: set[str] = set()
    todo = _entrances_of_allauth()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo |= {other for node in defined.get(name, ()) for other in _mentioned(node)} & set(defined)
    return [node for name in seen for node in defined.get(name, ())]


def _entrances_of_allauth() -> set[str]:
    """Names of what Django, our settings and our code begin with: views, adapters, middleware, imports."""
    views = {view.__name__ for view in _views_reached()}
    adapters = {base.__name__ for adapter in (AccountAdapter, MfaAdapter, SessionsAdapter) for base in adapter.__mro__}
    configs = {type(config).__name__ for config in apps.get_app_configs()} | {"AppSettings"}
    by_settings = {path.rpartition(".")[2] for path in (*settings.MIDDLEWARE, *settings.AUTHENTICATION_BACKENDS)}
    imported = {
        alias.name
        for module in our_code()
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("allauth")
        for alias in node.names
    }
    return views | adapters | configs | by_settings | imported


def _mentioned(node):
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value.rpartition(".")[2]  # "allauth.mfa.stages.AuthenticateStage"


def _names_in(code) -> set[str]:
    """Texts that name a template; where a name is put together, any text of the code may fill a gap."""
    parts = [part for tree in code for part in ast.walk(tree)]
    texts = {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    words = texts | {match[1] for text in texts if (match := ALLAUTHS_MAIL.fullmatch(text))}
    put_together = [
        pattern for part in parts if isinstance(part, ast.JoinedStr) and (pattern := _pattern(part)) is not None
    ]
    return {text for text in texts if FILE.fullmatch(text)} | {
        name
        for name in our_templates()
        for pattern in put_together
        if (match := pattern.fullmatch(name)) and words.issuperset(match.groups())
    }


def _pattern(text: ast.JoinedStr) -> re.Pattern[str] | None:
    """What an f-string that begins with a folder, or with a number, can become."""
    first = text.values[0]
    if not isinstance(first, ast.Constant) or not re.match(r"[\w/]+/|\d{3}\.", first.value):
        return None
    return re.compile(
        "".join(re.escape(part.value) if isinstance(part, ast.Constant) else r"(\w+)" for part in text.values)
    )


@cache
def our_templates() -> frozenset[str]:
    folder = ROOT / "templates"
    return frozenset(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _nodes(name: str) -> list[Node] | None:
    """All that a template consists of, or nothing if no template is called so."""
    try:
        return engines["django"].get_template(name).template.nodelist.get_nodes_by_type(Node)
    except TemplateDoesNotExist:
        return None


def _asked_for_by(node: Node) -> str | None:
    """The template that a tag names; a tag that names a variable leads nowhere: Python has the name."""
    if isinstance(node, ExtendsNode):
        name = node.parent_name.var
    elif isinstance(node, IncludeNode):
        name = node.template.var
    elif isinstance(node, InclusionNode):
        name = node.filename
    elif type(node).__name__ == "ElementNode":
        name = f"allauth/elements/{node.element}.html"
    else:
        return None
    return name if isinstance(name, str) else None
