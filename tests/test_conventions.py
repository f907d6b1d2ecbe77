"""What must hold everywhere: settings, models, migrations, templates, requirements, committed files."""

import ast
import inspect
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from tests.slow import SLOW

ROOT = settings.BASE_DIR
OUR_APPS = ["accounts", "projects", "ipfilter", "events", "collector", "analytics", "support"]
ELSEWHERE = re.compile(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import""")
RUNS_CODE = re.compile(r"""<script(?![^>]*\s(?:src=|type="application/json"))|\son[a-z]+\s*=\s*["']|javascript:""")
NAMED_FILE = re.compile(r"(?<![\w/.:{}$*-])(?:(?:[\w-]+/)*\w+\.py|(?:[\w-]+/)+[\w.-]+\.(?:sql|html|js|css|md|toml))\b")
OTHERS_FILES = re.compile(r"admin/base\.html|(?:mfa|account)/js/.*|angulartics/.*|mocha/.*|test_init\.py")  # not ours
FILES_TO_COME = {"question.py", "sql.py", "answer.py", "page.py"}  # of a large kind, says docs/architecture.md
FILES_OF_A_SITE = {"src/heap.js", "app/layout.js"}  # says the Install page
MOST_LINES = 450
MOST_ON_TOP = {"analytics": 31, "collector": 18, "ipfilter": 18, "support": 18}  # files and folders of an app


def listed(*how):
    """Paths that git lists, relative to the repository."""
    listing = subprocess.run(["git", "ls-files", *how], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode != 0:
        pytest.skip("this is no git repository")
    return listing.stdout.splitlines()


def committed():
    """Every file under version control, or that is about to be."""
    names = listed("--cached", "--others", "--exclude-standard")
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def texts(*suffixes):
    for path in committed():
        if path.suffix in suffixes:
            yield path.relative_to(ROOT), path.read_text()


def test_every_file_that_is_named_exists():
    there = {part for path in committed() for part in endings(path.relative_to(ROOT))}
    missing = {
        (str(path), name)
        for path, text in texts(".py", ".md", ".html", ".js", ".css", ".toml", ".yaml")
        for name in NAMED_FILE.findall(text)
        if name not in there | FILES_TO_COME | FILES_OF_A_SITE
        and not OTHERS_FILES.fullmatch(name)
        and path.name != "test_conventions.py"
    }

    assert missing == set()


def endings(path):
    """How a file may be named: its path, or the end of it from any folder on."""
    return {"/".join(path.parts[start:]) for start in range(len(path.parts))}


def test_slow_tests_are_where_they_are_looked_for():
    assert [path.name for path in SLOW if not path.is_file()] == []


def test_the_example_lists_exactly_the_settings_that_are_read():
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', (ROOT / "heapadmin/settings.py").read_text()))
    listed = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert len(listed) == len(set(listed))
    assert read == set(listed)


def test_settings_are_read_in_one_place():
    reads = re.compile(r"\bos\.(?:environ|getenv)\b")
    allowed = {
        "manage.py",
        "heapadmin/asgi.py",
        "heapadmin/wsgi.py",
        "heapadmin/gunicorn_conf.py",
        "heapadmin/gunicorn_wsgi_conf.py",
        "heapadmin/collector_asgi.py",
        "heapadmin/backups/dump.py",  # HOME, for PostgreSQL's programs
        "common/metrics_folder.py",  # where prometheus_client itself reads the folder
    }

    found = {str(path) for path, text in texts(".py") if reads.search(text) and path.parts[0] not in {"tests", "bench"}}

    assert found <= allowed


def test_htmx_is_recognised_in_one_place():
    found = [
        str(path)
        for path, text in texts(".py")
        if path.parts[0] not in {"tests", "bench"} and re.search(r"HX-Request\b|request\.htmx|\"htmx\"", text)
    ]

    assert found == ["common/htmx.py"]


def test_the_example_holds_no_secret():
    text = (ROOT / ".env.example").read_text()

    assert re.search(r"^#SECRET_KEY=$", text, re.MULTILINE)
    assert not re.search(r"^\w*(PASSWORD|TOKEN|KEY)\w*=\S", text, re.MULTILINE)


def test_pages_load_nothing_from_elsewhere():
    found = [
        f"{path}: {line.strip()}"
        for path, text in texts(".html", ".css", ".js")
        for line in text.splitlines()
        if ELSEWHERE.search(line) and path.parts[0] in {"templates", "static"} and "<a " not in line
    ]

    assert found == []


def test_templates_hold_no_code_that_the_policy_forbids():
    found = [f"{path}: {match[0]}" for path, text in texts(".html") for match in RUNS_CODE.finditer(text)]

    assert found == []


def test_every_form_that_posts_has_a_token():
    found = []
    for path, text in texts(".html"):
        for form in re.findall(r"<form\b[^>]*method=[\"']post[\"'].*?</form>", text, re.DOTALL | re.IGNORECASE):
            if "csrf_token" not in form and path.name != "components_page.html":  # its buttons send nothing
                found.append(str(path))

    assert found == []


def test_no_path_of_a_machine_is_committed():
    places = {f"{place}/" for place in (ROOT, Path.home()) if len(place.parts) > 2 or place == Path("/root")}

    found = [
        f"{path}: {place}"
        for path, text in texts(".py", ".md", ".html", ".toml", ".txt", ".in", ".yaml", ".sh", ".css", ".js", "")
        for place in places
        if place in text
    ]

    assert found == []


def test_nothing_that_each_machine_makes_for_itself_is_committed():
    """Whoever takes over such a file loses their own: a link in the place of .venv took the whole environment away."""
    assert listed("--cached", "--ignored", "--exclude-standard") == []


def test_files_stay_readable_in_one_go():
    long = [f"{path}: {len(text.splitlines())} lines" for path, text in texts(".py") if text.count("\n") > MOST_LINES]

    assert long == []


@pytest.mark.parametrize("app", MOST_ON_TOP)
def test_an_app_that_has_grown_has_shelves(app):
    folder = ROOT / app
    on_top = {path.relative_to(folder).parts[0] for path in committed() if path.is_relative_to(folder)}

    assert len(on_top) <= MOST_ON_TOP[app], sorted(on_top)


def test_jobs_are_found_under_one_name():
    assert [str(path) for path, _ in texts(".py") if path.name == "tasks.py"] == []


DJANGOS = {"Meta", "Command"}  # names that Django looks for


def names_defined(tree):
    """Classes, and what a module calls a type; names of type variables mean something in their own file only."""
    yield from (node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Name):
            is_variable = isinstance(node.value, ast.Call) and ast.unparse(node.value.func) in {"TypeVar", "ParamSpec"}
            if re.match(r"[A-Z]\w*[a-z]", target.id) and not is_variable:
                yield target.id


def test_a_name_means_one_thing_in_the_whole_repository():
    found = Counter(
        name
        for path, text in texts(".py")
        if path.parts[0] != "tests" and "migrations" not in path.parts
        for name in names_defined(ast.parse(text))
    )

    assert {name for name, times in found.items() if times > 1} <= DJANGOS


def our_models():
    return [model for label in OUR_APPS for model in apps.get_app_config(label).get_models()]


@pytest.mark.parametrize("model", our_models(), ids=lambda model: model._meta.label)
def test_a_model_says_what_a_row_is(model):
    generated = f"{model.__name__}({', '.join(field.name for field in model._meta.fields)})"

    assert inspect.getdoc(model)
    assert model.__doc__ != generated


def our_operations():
    loader = MigrationLoader(None, ignore_no_migrations=True)
    for (label, name), migration in sorted(loader.disk_migrations.items()):
        if label in OUR_APPS:
            for number, operation in enumerate(migration.operations):
                yield pytest.param(operation, id=f"{label}.{name}.{number}")


@pytest.mark.parametrize("operation", list(our_operations()))
def test_a_migration_goes_back_as_well_as_forward(operation):
    assert operation.reversible


def test_migrations_have_spoken_names():
    loader = MigrationLoader(None, ignore_no_migrations=True)
    automatic = [f"{label}.{name}" for label, name in loader.disk_migrations if re.search(r"_auto_|_initial$", name)]

    assert [name for name in automatic if name.split(".")[0] in OUR_APPS] == []


@pytest.mark.parametrize("name", ["run.txt", "test.txt"])
def test_requirements_are_pinned_with_hashes(name):
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    assert len(lines) > 30
    for line in lines:
        assert re.match(r"[\w.-]+==\S+.* --hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("name", ["run", "test"])
def test_what_is_asked_for_is_pinned(name):
    asked = re.findall(r"^([A-Za-z0-9_.-]+)", (ROOT / f"requirements/{name}.in").read_text(), re.MULTILINE)
    pinned = re.findall(r"^([A-Za-z0-9_.-]+)==", (ROOT / f"requirements/{name}.txt").read_text(), re.MULTILINE)

    def plain(names):
        return {re.sub(r"[-_.]+", "-", one).lower() for one in names if not one.startswith("-")}

    assert plain(asked) <= plain(pinned)
