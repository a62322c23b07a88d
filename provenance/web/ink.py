"""A signature that was drawn on a screen: strokes as numbers, from which the server makes the picture itself."""

import itertools
from typing import Final

from provenance.canonical import Json, parse_json
from provenance.errors import InputError

MAX_STROKES: Final = 500
MAX_POINTS: Final = 5_000
MAX_SIDE: Final = 40_960
# What is shorter is a slip of the finger.
MIN_LENGTH: Final = 240


def draw(text: str) -> bytes:
    """Return an SVG of the strokes in `text`, the JSON of `{"width", "height", "strokes": [[[x, y, t], …], …]}`.

    Args:
        text: `x` and `y` in tenths of a pixel on a pad of that size, `t` in milliseconds since the first point.

    Raises:
        InputError: it is malformed, or too little to be a signature.
    """
    document = parse_json(text.encode("utf-8", "replace"), place="ink")
    if not isinstance(document, dict) or set(document) != {"width", "height", "strokes"}:
        raise InputError("ink: expected width, height and strokes", code="ink-form")
    width, height = (_number(document[side], most=MAX_SIDE) for side in ("width", "height"))
    strokes = document["strokes"]
    if not isinstance(strokes, list) or not 1 <= len(strokes) <= MAX_STROKES:
        raise InputError(f"ink: expected 1 to {MAX_STROKES} strokes", code="ink-form")
    paths, points, length = [], 0, 0
    for stroke in strokes:
        if not isinstance(stroke, list) or not stroke:
            raise InputError("ink: expected points in every stroke", code="ink-form")
        points += len(stroke)
        if points > MAX_POINTS:
            raise InputError(f"ink: expected at most {MAX_POINTS} points", code="ink-form")
        drawn = [_point(point, width, height) for point in stroke]
        length += sum(abs(x - u) + abs(y - v) for (x, y), (u, v) in itertools.pairwise(drawn))
        paths.append(_path(drawn))
    if length < MIN_LENGTH:
        raise InputError("ink: expected a signature, got a dot", code="ink-short")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<path d="{"".join(paths)}" fill="none" stroke="#111111" stroke-width="24" '
        'stroke-linecap="round" stroke-linejoin="round"/></svg>'
    ).encode("ascii")


def _point(point: Json, width: int, height: int) -> tuple[int, int]:
    if not isinstance(point, list) or len(point) != 3:
        raise InputError("ink: expected x, y and a time for every point", code="ink-form")
    x, y, _ = (_number(part, most=10_000_000) for part in point)
    return min(x, width), min(y, height)


def _number(value: Json, *, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InputError(f"ink: expected whole numbers from 0 to {most}", code="ink-form")
    return value


def _path(points: list[tuple[int, int]]) -> str:
    """Return a smooth line through the middles between the points."""
    (x, y), *rest = points
    parts = [f"M{x} {y}"]
    if not rest:
        parts.append(f"L{x + 1} {y}")
    for (x, y), (u, v) in itertools.pairwise(rest):
        parts.append(f"Q{x} {y} {(x + u) // 2} {(y + v) // 2}")
    if rest:
        parts.append(f"L{rest[-1][0]} {rest[-1][1]}")
    return "".join(parts)
