import json

import pytest

from provenance.errors import InputError
from provenance.paper.ink import printable
from provenance.web.ink import MAX_POINTS, MAX_STROKES, draw

LINE = [[0, 0, 0], [300, 40, 5], [600, 0, 9]]


def drawn(strokes: object = (LINE,), width: object = 3000, height: object = 1300) -> str:
    return json.dumps({"width": width, "height": height, "strokes": strokes})


def test_strokes_become_one_smooth_line_each() -> None:
    svg = draw(drawn([LINE, [[10, 10, 20]]])).decode()
    assert 'viewBox="0 0 3000 1300"' in svg
    assert 'd="M0 0Q300 40 450 20L600 0M10 10L11 10"' in svg


def test_what_is_drawn_can_be_printed() -> None:
    import base64

    ink = base64.b64encode(draw(drawn())).decode()
    assert printable(f"data:image/svg+xml;base64,{ink}") is not None


def test_what_leaves_the_field_ends_at_its_edge() -> None:
    assert "3000 1300" in draw(drawn([[[0, 0, 0], [99_999, 99_999, 1]]])).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        drawn([]),
        drawn([[]]),
        drawn([[[1, 2]]]),
        drawn([[[1, 2, -3]]]),
        drawn([[["1", 2, 3]]]),
        drawn([[[True, 2, 3]]]),
        drawn([[[1.5, 2, 3]]]),
        drawn("M0 0"),
        drawn(width=10**9),
        drawn(height="<svg>"),
        drawn([LINE] * (MAX_STROKES + 1)),
        drawn([[[1, 1, 1]] * (MAX_POINTS + 1)]),
        '{"width": 1, "height": 1, "strokes": [], "script": "x"}',
    ],
)
def test_what_is_no_drawing_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        draw(text)


def test_a_dot_is_no_signature() -> None:
    with pytest.raises(InputError, match="expected a signature, got a dot") as refused:
        draw(drawn([[[5, 5, 0], [6, 6, 1]]]))
    assert refused.value.code == "ink-short"
