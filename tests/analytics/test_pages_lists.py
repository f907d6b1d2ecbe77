"""The lists of definitions, segments and reports: columns, order, filters, tags, and changing several at once."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Activity
from analytics.definitions.tags import BadTags, changed_tags, read_tags
from analytics.models import MODELS, Definition, Report
from tests.analytics.kept import EVERY, make_definition, make_report, make_segment, pin
from tests.factories import EnvironmentFactory, UserFactory

MAKE = {"definition": make_definition, "segment": make_segment, "report": make_report}


@pytest.fixture(params=MAKE)
def noun(request):
    return request.param


def url(environment, name, *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


def listed(client, environment, noun, **query) -> list[str]:
    """The names on the page, in order."""
    page = client.get(url(environment, f"{noun}_list"), query).content.decode()
    return re.findall(r'<a class="rows__title"[^>]*>([^<]+)</a>', page)


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def send(client, environment, noun, *things, follow=True, **fields):
    ticked = {"item": [str(each.lineage) for each in things]}
    return client.post(url(environment, f"{noun}_bulk"), ticked | fields, follow=follow)


def made_of(definition):
    return {"alternatives": [{"event": f"definition:{definition.lineage}", "where": EVERY}]}


# --- Tags as text ---------------------------------------------------------------------------------------------------


def test_tags_are_read_in_small_letters_in_order_and_once():
    assert read_tags(" Needs  review, checkout ,,CHECKOUT\0") == ["checkout", "needs review"]


@pytest.mark.parametrize("text", ["x" * 31, ",".join(map(str, range(11)))])
def test_too_long_or_too_many_tags_are_refused(text):
    with pytest.raises(BadTags):
        read_tags(text)


def test_nothing_gets_an_eleventh_tag():
    ten = [str(number) for number in range(10)]

    with pytest.raises(BadTags):
        changed_tags(ten, add=["x"])
    assert changed_tags(ten, add=["x"], remove=["3"]) == sorted({*ten, "x"} - {"3"})


# --- The page -------------------------------------------------------------------------------------------------------


def test_each_row_says_what_it_asks_whose_it_is_and_where_it_is_used(environment, read_only):
    ada = UserFactory(name="Ada")
    paid = make_definition(environment, "Paid", created_by=ada, tags=["checkout"], notes="Since March")
    make_definition(environment, "Either", made_of(paid))
    segment = make_segment(environment)
    parameters = [["event", f"definition:{paid.lineage}"], ["by", "property:plan"], ["segment", str(segment.lineage)]]
    pin(make_report(environment, "Numbers", parameters=parameters))
    make_report(environment, "Broken", parameters=[["event", "nonsense"]])

    definitions = words(read_only.get(url(environment, "definition_list")))
    segments = words(read_only.get(url(environment, "segment_list")))
    reports = words(read_only.get(url(environment, "report_list")))

    assert re.search("Either Paid not known somebody who left .* nothing", definitions)
    assert re.search("Paid Pageview Since March not known checkout Ada .* 2 places", definitions)
    assert re.search("Known .* exists .* 1 place", segments)
    assert "Numbers graph Count of Paid by plan · last 30 days · Only people in Known" in reports
    assert re.search("Broken graph Cannot be read any more. somebody .* none Numbers .* 1 dashboard", reports)


def test_the_order_is_by_any_column_and_back(environment, read_only, noun):
    for number, name in enumerate(["Ada", "Ben", "Cleo"]):
        owner = UserFactory(name=f"{3 - number}")
        kept = MAKE[noun](environment, name, created_by=owner)
        MODELS[noun].objects.filter(pk=kept.pk).update(changed_at=f"2026-01-0{number + 1}T00:00:00Z")
    cleo = MODELS[noun].objects.get(name="Cleo")
    if noun == "report":
        pin(cleo)
    else:
        event = ["event", f"definition:{cleo.lineage}"] if noun == "definition" else ["segment", str(cleo.lineage)]
        make_report(environment, parameters=[["event", "builtin:any"], event])

    assert listed(read_only, environment, noun) == ["Ada", "Ben", "Cleo"]
    assert listed(read_only, environment, noun, sort="-name") == ["Cleo", "Ben", "Ada"]
    assert listed(read_only, environment, noun, sort="owner") == ["Cleo", "Ben", "Ada"]
    assert listed(read_only, environment, noun, sort="-changed") == ["Cleo", "Ben", "Ada"]
    assert listed(read_only, environment, noun, sort="-used") == ["Cleo", "Ada", "Ben"]
    assert listed(read_only, environment, noun, sort="nonsense") == ["Ada", "Ben", "Cleo"]


def test_a_head_leads_to_the_other_order_and_keeps_the_filter(environment, read_only):
    make_report(environment, "Numbers")

    page = read_only.get(url(environment, "report_list"), {"q": "num", "sort": "-changed"}).content.decode()

    assert '<th scope="col" aria-sort="descending"><a class="sort" href="?q=num&amp;sort=changed">' in page
    assert 'href="?q=num&amp;sort=kind"' in page
    assert page.count("aria-sort") == 1


def test_it_is_narrowed_by_text_tag_and_owner(environment, read_only, noun):
    ada = UserFactory(name="Ada")
    MAKE[noun](environment, "Signup", tags=["growth", "web"], created_by=ada)
    MAKE[noun](environment, "Signed in", notes="not the SIGNUP")
    MAKE[noun](environment, "Refund", tags=["web"])
    MAKE[noun](EnvironmentFactory(), "Signup there", tags=["web", "secret"], created_by=ada)

    assert listed(read_only, environment, noun, q="signup") == ["Signed in", "Signup"]
    assert listed(read_only, environment, noun, tag="web") == ["Refund", "Signup"]
    assert listed(read_only, environment, noun, tag="web", owner=ada.pk) == ["Signup"]
    assert listed(read_only, environment, noun, tag="we") == []
    page = read_only.get(url(environment, f"{noun}_list")).content.decode()
    assert re.findall(r"<option>([^<]+)</option>", page) == ["growth", "web"]


@pytest.mark.parametrize(
    "query", [{"q": "\0"}, {"owner": "x"}, {"owner": "9" * 30}, {"sort": "-"}, {"page": "x"}, {"tag": "'"}]
)
def test_nonsense_in_the_address_is_no_error(environment, read_only, noun, query):
    assert read_only.get(url(environment, f"{noun}_list"), query).status_code == 200


def test_the_next_page_keeps_what_was_asked_for(environment, read_only):
    Report.objects.bulk_create(
        Report(environment=environment, name=f"R{n:03}", kind="graph", body={"parameters": []}, tags=["x"])
        for n in range(101)
    )

    page = read_only.get(url(environment, "report_list"), {"tag": "x", "sort": "-used"}).content.decode()

    assert "1 to 100 of 101" in page
    assert 'rel="next" href="?tag=x&amp;sort=-used&amp;page=2"' in page
    assert listed(read_only, environment, "report", tag="x", sort="-used", page="2") == ["R100"]


def test_a_long_list_takes_as_many_statements_as_a_short_one(environment, full, noun):
    base = make_definition(environment, "Base")
    segment = make_segment(environment, "Group")

    def statements(number):
        make_definition(environment, f"D{number}", made_of(base), created_by=UserFactory(), tags=[f"{number}"])
        make_segment(environment, f"S{number}", done_by(base))
        names = [["event", f"definition:{base.lineage}"], ["segment", str(segment.lineage)]]
        make_report(environment, f"R{number}", parameters=names)
        full.get(url(environment, f"{noun}_list"))
        found = []
        for sort in ("name", "-used"):
            with CaptureQueriesContext(connection) as queries:
                full.get(url(environment, f"{noun}_list"), {"sort": sort})
            found.append(len(queries))
        return found

    assert statements(0) == [statements(number) for number in range(1, 5)][-1]


def done_by(definition):
    did = {"did": made_of(definition)["alternatives"][0], "comparison": "at_least", "times": 1, "days": None}
    return {"match": "all", "groups": [{"match": "all", "clauses": [did]}]}


def test_who_may_only_read_gets_no_boxes(environment, full, read_only, noun):
    MAKE[noun](environment, "Signup", tags=["web"])
    address = url(environment, f"{noun}_list")

    assert ('name="item"' in full.get(address).content.decode()) is True
    page = read_only.get(address).content.decode()
    assert 'name="item"' not in page and "_bulk" not in page and "/bulk/" not in page
    assert ">web</a>" in page


# --- Several at once ------------------------------------------------------------------------------------------------


def test_tagging_and_taking_away_tells_how_many_changed(environment, full, noun):
    one, two = MAKE[noun](environment, "One", tags=["web"]), MAKE[noun](environment, "Two")
    theirs = MAKE[noun](EnvironmentFactory(), "Theirs")

    told = send(full, environment, noun, one, two, theirs, do="tag", tags="Web, new", back="tag=web&page=1")
    assert told.redirect_chain == [(url(environment, f"{noun}_list") + "?tag=web&page=1", 302)]
    assert f"Given to 2 {noun}s: new, web." in words(told)
    send(full, environment, noun, one, two, do="untag", tags="web")

    tags = MODELS[noun].objects.order_by("name").values_list("name", "tags", "version")
    assert list(tags) == [("One", ["new"], 1), ("Theirs", [], 1), ("Two", ["new"], 1)]
    row = Activity.objects.filter(verb=f"{noun}.tag").latest("id")
    assert (row.target, row.details["taken away"]) == ("One and 1 more", "web")
    assert row.details["all"] == {"count": 2, "names": ["One", "Two"]}


def test_too_many_tags_for_one_change_none(environment, full):
    one = make_definition(environment, "One", tags=[str(number) for number in range(10)])
    two = make_definition(environment, "Two")

    told = send(full, environment, "definition", two, one, do="tag", tags="x")

    assert "Nothing has more than 10 tags. Nothing was changed." in words(told)
    assert Definition.objects.get(name="Two").tags == []
    assert not Activity.objects.filter(verb="definition.tag").exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [({"do": "tag", "tags": " , "}, "No tag was typed"), ({"do": "tag", "tags": "x" * 31}, "at most 30 characters")],
)
def test_what_cannot_be_read_changes_nothing(environment, full, fields, said):
    kept = make_definition(environment, tags=["web"])

    assert said in words(send(full, environment, "definition", kept, **fields))
    assert Definition.objects.get().tags == ["web"]


def test_nothing_ticked_says_so_and_nonsense_is_not_found(environment, full):
    assert "Nothing was ticked" in words(send(full, environment, "definition", do="delete"))
    assert full.post(url(environment, "definition_bulk"), {"item": "x"}).status_code == 404


def test_a_thing_is_tagged_on_its_own_page(environment, full, read_only, noun):
    kept = MAKE[noun](environment, tags=["web"])

    told = send(full, environment, noun, kept, do="tag", tags="new", on="page")

    assert told.redirect_chain == [(url(environment, noun, kept.lineage), 302)]
    assert "Take the tag new away" in told.content.decode()
    seen = read_only.get(url(environment, noun, kept.lineage)).content.decode()
    assert f'{url(environment, f"{noun}_list")}?tag=new"' in seen
    assert "/bulk/" not in seen


def test_deleting_asks_and_says_what_goes_and_what_stays(environment, full):
    base, union, alone = make_definition(environment, "Base"), None, make_definition(environment, "Alone")
    union = make_definition(environment, "Union", made_of(base))
    used = make_definition(environment, "Used")
    make_report(environment, "Weekly", parameters=[["event", f"definition:{used.lineage}"]])

    asked = send(full, environment, "definition", base, union, alone, used, do="delete")
    text = words(asked)
    assert "Delete 3 definitions" in text
    assert "1 definition cannot go from here, because something else uses it" in text
    assert "Used , used by Weekly" in text
    assert Definition.objects.count() == 4
    send(full, environment, "definition", base, union, alone, used, do="delete", confirmed="1")

    assert list(Definition.objects.values_list("name", flat=True)) == ["Used"]
    row = Activity.objects.get(verb="definition.delete")
    assert (row.target, row.details["all"]["count"]) == ("Alone and 2 more", 3)


def test_what_a_thing_that_stays_needs_stays_too(environment, full):
    base = make_definition(environment, "Base")
    union = make_definition(environment, "Union", made_of(base))
    make_report(environment, "Weekly", parameters=[["event", f"definition:{union.lineage}"]])

    told = words(send(full, environment, "definition", base, union, do="delete", confirmed="1"))

    assert "2 definitions could not go" in told
    asked = words(send(full, environment, "definition", base, union, do="delete"))
    assert "2 definitions cannot go from here, because something else uses them" in asked
    assert Definition.objects.count() == 2


def test_deleted_reports_leave_the_dashboard(environment, full):
    one, two = make_report(environment, "One"), make_report(environment, "Two")
    pin(one)

    asked = words(send(full, environment, "report", one, two, do="delete"))
    send(full, environment, "report", one, two, do="delete", confirmed="1")

    assert "with the tiles of 1 report on dashboards" in asked
    assert not Report.objects.exists()
    assert "No tiles yet" in words(full.get(url(environment, "dashboard")))
