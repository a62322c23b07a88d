"""Hypothesis strategies for input that is almost right."""

from hypothesis import strategies as st

ANY_CHARACTER = st.characters(codec="utf-8")


@st.composite
def one_edit(draw: st.DrawFn, text: str) -> str:
    """Draw `text` with one character changed, left out or added."""
    position = draw(st.integers(0, len(text) - 1))
    kind = draw(st.sampled_from(["change", "remove", "insert"]))
    if kind == "remove":
        return text[:position] + text[position + 1 :]
    added = draw(st.one_of(st.sampled_from(sorted(set(text))), ANY_CHARACTER))
    if kind == "insert":
        return text[:position] + added + text[position:]
    return text[:position] + added + text[position + 1 :]


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """Draw `text` after a few edits."""
    for _ in range(draw(st.integers(1, 4))):
        text = draw(one_edit(text)) or text
    return text


@st.composite
def edited_bytes(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw `data` with a few bytes changed, and perhaps cut short."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(0, 4))):
        changed[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(changed[: draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])
