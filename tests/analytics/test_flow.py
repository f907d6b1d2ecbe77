"""A flow: branches lie beside their node and are as high as it together; the drawing is bounded."""

from xml.etree import ElementTree

from analytics.charts.flow import COLUMN, HEIGHT, FlowNode, cut, flow_chart


def node(label, size, *branches):
    return FlowNode(label, f"{size}", size, "1", f"{label}\nPeople: {size}", branches=branches)


def bars(chart):
    """{label: (left, top, height)} of the nodes that are drawn."""
    groups = ElementTree.fromstring(chart).findall("g")
    found = {}
    for group in groups:
        bar = group.find("rect[@class='flow__node']")
        place = tuple(float(bar.get(each)) for each in ("x", "y", "height"))
        found[group.find("title").text.partition("\n")[0]] = place
    return found


TREE = node("A", 100, node("b", 75, node("c", 25), node("d", 50)), node("e", 25))


def test_branches_share_the_height_of_their_node():
    found = bars(flow_chart(TREE, 3, "Paths"))

    assert {name: (left, top, round(height + 1)) for name, (left, top, height) in found.items()} == {
        "A": (0, 0, HEIGHT),
        "b": (COLUMN, 0, HEIGHT * 3 / 4),
        "c": (2 * COLUMN, 0, HEIGHT / 4),
        "d": (2 * COLUMN, HEIGHT / 4, HEIGHT / 2),
        "e": (COLUMN, HEIGHT * 3 / 4, HEIGHT / 4),
    }


def test_paths_to_an_event_lead_from_left_to_right_too():
    found = bars(flow_chart(TREE, 3, "Paths", leads_to_root=True))

    assert found["c"][0] < found["b"][0] < found["A"][0] < 3 * COLUMN


def test_what_is_too_low_to_be_seen_is_not_drawn():
    crowd = [node(f"n{number}", 1) for number in range(5000)]

    chart = flow_chart(node("A", 5000 * 99, *crowd, node("rest", 5000 * 98)), 2, "Paths")

    assert set(bars(chart)) == {"A", "rest"}


def test_names_are_cut_where_they_differ_least():
    assert cut("/shop/paper/field-notebook", 12) == "…ld-notebook"
    assert cut("Ordered something", 8) == "Ordered…"
    assert cut("/a", 12) == "/a"
