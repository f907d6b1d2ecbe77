"""Carrying over from one environment into another, and undoing it."""

import threading

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Activity
from analytics.actions import change_tags
from analytics.definitions.lineages import LineageKey
from analytics.environments.carry import Clash, NotPossible, carry
from analytics.environments.undo import Undone, undo
from analytics.models import Carry, Definition, Report, Segment
from tests.analytics.kept import EVERY, make_definition, make_report, make_segment
from tests.factories import EnvironmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staging(environment):
    return EnvironmentFactory(project=environment.project, name="Staging", is_production=False)


@pytest.fixture
def ada():
    return UserFactory()


def key(kept) -> LineageKey:
    return LineageKey(type(kept).__name__.lower(), kept.lineage)


def made_of(definition):
    return {"alternatives": [{"event": f"definition:{definition.lineage}", "where": EVERY}]}


def done_by(definition):
    did = {"did": made_of(definition)["alternatives"][0], "comparison": "at_least", "times": 1, "days": None}
    return {"match": "all", "groups": [{"match": "all", "clauses": [did]}]}


def names(model, environment):
    return sorted(model.objects.filter(environment=environment).values_list("name", flat=True))


@pytest.fixture
def chain(environment):
    """A report on a segment that uses a definition, which contains another one."""
    base = make_definition(environment, "Base")
    union = make_definition(environment, "Union", made_of(base))
    segment = make_segment(environment, "Doers", done_by(union))
    return make_report(environment, "Chain", parameters=[["event", "builtin:any"], ["segment", str(segment.lineage)]])


def carried(source, target, by, *kept, clash=Clash.SKIP):
    return carry(source=source, target=target, chosen=[key(each) for each in kept], clash=clash, by=by)


# --- Carrying over --------------------------------------------------------------------------------------------------


def test_what_a_thing_depends_on_comes_along(environment, staging, ada, chain):
    receipt, _ = carried(environment, staging, ada, chain)

    assert sorted(receipt.created) == ["Base", "Chain", "Doers", "Union"]
    assert names(Definition, staging) == ["Base", "Union"]
    assert Report.objects.get(environment=staging).lineage == chain.lineage


def test_what_is_not_chosen_and_not_needed_stays_away(environment, staging, ada, chain):
    carried(environment, staging, ada, Definition.objects.get(name="Base"))

    assert (names(Definition, staging), names(Segment, staging), names(Report, staging)) == (["Base"], [], [])


def test_what_is_the_same_already_is_not_touched(environment, staging, ada):
    kept = make_definition(environment)
    make_definition(staging, lineage=kept.lineage, version=4)

    receipt, done = carried(environment, staging, ada, kept, clash=Clash.REPLACE)

    assert (receipt.same, done) == (["Viewed"], None)
    assert Definition.objects.get(environment=staging).version == 4


def test_a_reference_names_the_counterpart_that_was_made_by_hand(environment, staging, ada):
    there, here = make_definition(environment), make_definition(staging)
    report = make_report(environment, parameters=[["event", f"definition:{there.lineage}"]])

    carried(environment, staging, ada, report)

    assert Report.objects.get(environment=staging).body["parameters"] == [["event", f"definition:{here.lineage}"]]
    assert Definition.objects.filter(environment=staging).count() == 1


@pytest.fixture
def clash(environment, staging):
    """A definition that was changed on one side, and a report on it that is missing on the other."""
    there = make_definition(environment, "New name", tags=["new"])
    here = make_definition(staging, "Old name", tags=["old"], lineage=there.lineage)
    report = make_report(environment, parameters=[["event", f"definition:{there.lineage}"]])
    return there, here, report


def event_of(report):
    return dict(report.body["parameters"])["event"]


def test_skip_leaves_what_is_there(environment, staging, ada, clash):
    _, here, report = clash

    receipt, _ = carried(environment, staging, ada, report, clash=Clash.SKIP)

    assert (receipt.skipped, names(Definition, staging)) == (["New name"], ["Old name"])
    assert event_of(Report.objects.get(environment=staging)) == f"definition:{here.lineage}"


def test_replace_gives_it_what_stands_there(environment, staging, ada, clash):
    _, here, report = clash

    receipt, _ = carried(environment, staging, ada, report, clash=Clash.REPLACE)

    replaced = Definition.objects.get(environment=staging)
    assert (receipt.replaced, replaced.name, replaced.pk) == (["New name"], "New name", here.pk)
    assert (replaced.version, replaced.tags, replaced.changed_by) == (here.version + 1, ["new"], ada)


def test_keep_both_makes_a_second_one_that_the_others_refer_to(environment, staging, ada, clash):
    there, _, report = clash

    carried(environment, staging, ada, report, clash=Clash.KEEP_BOTH)

    assert names(Definition, staging) == ["New name (from Production)", "Old name"]
    new = Definition.objects.get(environment=staging, name__startswith="New name")
    assert (new.lineage != there.lineage, new.tags) == (True, ["new"])
    assert event_of(Report.objects.get(environment=staging)) == f"definition:{new.lineage}"


def test_a_long_name_is_shortened_to_take_the_word(environment, staging, ada):
    kept = make_definition(environment, "x" * 200)
    make_definition(staging, "y", lineage=kept.lineage)

    carried(environment, staging, ada, kept, clash=Clash.KEEP_BOTH)

    assert max(map(len, names(Definition, staging))) == 200


def test_the_source_is_never_changed(environment, staging, ada, chain):
    before = [list(model.objects.filter(environment=environment).values()) for model in (Definition, Segment, Report)]

    carried(environment, staging, ada, chain, clash=Clash.KEEP_BOTH)

    after = [list(model.objects.filter(environment=environment).values()) for model in (Definition, Segment, Report)]
    assert before == after


def test_a_circle_is_refused_and_nothing_is_written(environment, staging, ada):
    """Here Inner names Outer, which was deleted; there Outer contains Inner. Carrying it over would form a circle."""
    inner = make_definition(environment, "Inner")
    outer = make_definition(environment, "Outer", made_of(inner))
    make_definition(staging, "Inner", made_of(outer), lineage=inner.lineage)

    with pytest.raises(NotPossible, match="made of itself"):
        carried(environment, staging, ada, outer, clash=Clash.SKIP)

    assert names(Definition, staging) == ["Inner"]
    assert not Carry.objects.exists()


@pytest.mark.parametrize("where", ["another project", "itself"])
def test_only_two_environments_of_one_project_take_part(environment, ada, where):
    target = environment if where == "itself" else EnvironmentFactory(project__account=environment.project.account)

    with pytest.raises(ValueError, match="one project"):
        carried(environment, target, ada, make_definition(environment))


def test_a_key_that_the_source_has_not_is_left_out(environment, staging, ada):
    elsewhere = make_definition(EnvironmentFactory())

    receipt, done = carried(environment, staging, ada, elsewhere)

    assert (receipt.created, done) == ([], None)
    assert not Definition.objects.filter(environment=staging).exists()


def test_it_is_in_the_activity(environment, staging, ada, chain):
    carried(environment, staging, ada, chain)

    row = Activity.objects.get(verb="environment.carry_over")
    assert (row.by, row.account, row.target) == (ada, environment.project.account, f"{environment.project} › Staging")
    assert row.details["from"] == "Production"
    assert row.details["created"]["count"] == 4


def test_many_take_as_many_statements_as_few(environment, staging, ada, django_assert_max_num_queries):
    two, many = [make_at(environment, n) for n in range(2)], [make_at(environment, n) for n in range(2, 302)]
    with django_assert_max_num_queries(100) as few:
        carried(environment, staging, ada, *two)

    with django_assert_max_num_queries(len(few)):
        carried(environment, staging, ada, *many)

    assert Report.objects.filter(environment=staging).count() == 302


def make_at(environment, number):
    return make_report(environment, f"R{number}", parameters=[["event", f"event:{number}"]])


# --- Undoing --------------------------------------------------------------------------------------------------------


def kept_in(environment):
    columns = ("lineage", "name", "notes", "tags", "body")
    return {model: list(model.objects.filter(environment=environment).values_list(*columns)) for model in
            (Definition, Segment, Report)}  # fmt: skip


@pytest.mark.parametrize("clash_choice", list(Clash))
def test_undoing_brings_back_what_was(environment, staging, ada, clash, chain, clash_choice):
    before = kept_in(staging)
    _, done = carried(environment, staging, ada, clash[2], chain, clash=clash_choice)

    taken = undo(carried=done, by=ada)

    assert kept_in(staging) == before
    assert (taken.undone, taken.left) == (len(done.changes), [])
    assert Activity.objects.filter(verb="environment.carry_undo", by=ada).count() == 1


def test_it_is_undone_once(environment, staging, ada, chain):
    _, done = carried(environment, staging, ada, chain)
    undo(carried=done, by=ada)

    with pytest.raises(Undone):
        undo(carried=done, by=ada)


def test_what_somebody_changed_since_stays_with_what_it_needs(environment, staging, ada, chain):
    _, done = carried(environment, staging, ada, chain)
    Definition.objects.filter(environment=staging, name="Union").update(name="Mine", version=2)

    taken = undo(carried=done, by=ada)

    assert names(Definition, staging) == ["Base", "Mine"]
    assert (names(Segment, staging), names(Report, staging)) == ([], [])
    assert taken.left == ["Base", "Mine"]


def test_what_got_another_tag_since_stays(environment, staging, ada, clash):
    _, done = carried(environment, staging, ada, clash[0], clash=Clash.REPLACE)
    change_tags(environment=staging, noun="definition", lineages=[clash[0].lineage], add=["mine"], by=ada)

    taken = undo(carried=done, by=ada)

    assert (taken.undone, taken.left, names(Definition, staging)) == (0, ["New name"], ["New name"])


def test_what_was_carried_before_there_were_tags_is_undone(environment, staging, ada, clash):
    _, done = carried(environment, staging, ada, clash[0], clash=Clash.REPLACE)
    for change in done.changes:
        del change["tags"], change["before"]["tags"]
    done.save()

    assert (undo(carried=done, by=ada).undone, names(Definition, staging)) == (1, ["Old name"])


def test_what_others_came_to_use_stays(environment, staging, ada):
    kept = make_definition(environment)
    _, done = carried(environment, staging, ada, kept)
    make_report(staging, "Mine", parameters=[["event", f"definition:{kept.lineage}"]])

    taken = undo(carried=done, by=ada)

    assert (taken.undone, taken.left) == (0, ["Viewed"])
    assert names(Definition, staging) == ["Viewed"]


@pytest.mark.django_db(transaction=True)
def test_two_who_undo_at_once_undo_once(environment, staging, ada, chain):
    _, done = carried(environment, staging, ada, chain)
    outcomes, together = [], threading.Barrier(2)

    def press():
        try:
            together.wait()
            undo(carried=done, by=ada)
            outcomes.append("undone")
        except Undone:
            outcomes.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["too late", "undone"]


# --- The page -------------------------------------------------------------------------------------------------------


def post(client, environment, name, **data):
    return client.post(reverse(f"analytics:compare_{name}", args=[environment.app_id]), data, follow=True)


def test_ticking_carries_over_and_undo_is_offered_once(environment, staging, full, chain):
    page = post(full, staging, "carry", source=environment.app_id, item=str(key(chain)), clash="skip")
    assert "4 carried over." in page.content.decode()
    [done] = Carry.objects.all()

    assert page.context["undoable"] == done
    undone = post(full, staging, "undo", carry=done.pk)
    assert "Undone: 4 as before." in undone.content.decode()
    assert undone.context["undoable"] is None
    assert "Somebody undid that already." in post(full, staging, "undo", carry=done.pk).content.decode()


def test_ticking_nothing_says_so(environment, staging, full):
    page = post(full, staging, "carry", source=environment.app_id)

    assert "Nothing was ticked" in page.content.decode()


@pytest.mark.parametrize("data", [{"item": "x"}, {"item": "pin:1"}, {"item": "report:1"}, {"clash": "eat"}])
def test_nonsense_is_not_found(environment, staging, full, data):
    assert post(full, staging, "carry", source=environment.app_id, **data).status_code == 404


def test_another_projects_environment_is_no_source(environment, staging, full):
    elsewhere = EnvironmentFactory(project__account=environment.project.account)
    kept = make_definition(elsewhere)

    assert post(full, staging, "carry", source=elsewhere.app_id, item=str(key(kept))).status_code == 404
    assert not Definition.objects.filter(environment=staging).exists()


def test_what_went_into_another_environment_is_not_undone_from_here(environment, staging, full, ada, chain):
    _, done = carried(environment, staging, ada, chain)

    assert post(full, environment, "undo", carry=done.pk).status_code == 404
