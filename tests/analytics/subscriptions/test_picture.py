"""Charts as pictures: what is drawn, and that nothing in one names a file or an address."""

import struct
from datetime import UTC, datetime, timedelta

import pytest
from resvg_py import svg_to_bytes

from analytics.questions.spans import Unit
from analytics.subscriptions import picture
from common.charts.charts import Across, across_time, bar_chart, line_chart
from common.charts.plots import Line

RED = '<rect width="5000" height="5000" class="series-1 chart__bar"/>'


def a_week() -> Across:
    starts = tuple(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=number) for number in range(7))
    return across_time(starts, (True,) * 7, Unit.DAY)


def chart(values=(3, 1, 4, 1, 5, 9, 2), draw=line_chart, name="Signups"):
    return str(draw([Line(name, values)], a_week(), name))


def size_of(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("draw", [line_chart, bar_chart])
def test_a_chart_is_drawn_twice_as_large_as_it_is_shown(draw):
    drawn = picture.png(chart(draw=draw))

    assert size_of(drawn) == (1200, 2 * (14 + picture.HEIGHT + picture.BELOW))
    assert drawn != picture.png(chart((0,) * 7, draw=draw))


def test_its_texts_are_in_the_face_that_comes_with_the_code():
    """The same on a machine without any face."""
    whole = {"svg_string": picture._whole(chart(), ""), "zoom": 2, "background": picture.colours()["surface"]}
    bare = {"skip_system_fonts": True}

    drawn = svg_to_bytes(**whole, **bare, font_files=[str(picture.FACE)])

    assert drawn == picture.png(chart()) != svg_to_bytes(**whole, **bare)


@pytest.mark.parametrize(
    "evil",
    [
        '<image href="{file}" width="900" height="900"/>',
        '<image xmlns:x="http://www.w3.org/1999/xlink" x:href="{file}" width="900" height="900"/>',
        '<use href="{file}#a"/>',
        '<style>@import url("{file}"); rect {{ fill: red }}</style>',
        '<foreignObject width="900" height="900"><iframe src="{file}"/></foreignObject>',
        "<script>alert(1)</script>",
        '<a href="{file}">' + RED + "</a>",
        '<defs><pattern id="p"><image href="{file}"/></pattern></defs>',
    ],
)
def test_nothing_in_a_picture_names_a_file_or_an_address(evil, tmp_path):
    other = tmp_path / "other.svg"
    other.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="900" height="900">{RED}</svg>')
    plain = chart()

    assert picture.png(plain.replace("</svg>", evil.format(file=other) + "</svg>", 1)) == picture.png(plain)


def test_attributes_that_take_an_address_are_left_out(tmp_path):
    plain = chart()
    evil = plain.replace("<polyline ", f'<polyline style="fill: url({tmp_path}/a.svg#b)" filter="url(#x)" fill="red" ')

    assert evil != plain and picture.png(evil) == picture.png(plain)


@pytest.mark.parametrize(
    "name", ["</text><image href='/etc/passwd'/>", "]]>&lol;", "a\0b\ud800", "\u202egnp", "x" * 10_000]
)
def test_odd_names_are_drawn_or_left_out(name):
    assert size_of(picture.png(chart(name=name)))[0] == 1200


def test_a_definition_of_an_entity_is_no_drawing():
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + chart().replace("Signups", "&b;")

    with pytest.raises(SyntaxError):
        picture.png(bomb)
