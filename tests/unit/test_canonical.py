import hashlib
import json
from collections import OrderedDict

import pytest
from support.refusals import refused

from provenance.canonical import (
    MAX_JSON_BYTES,
    MAX_JSON_DEPTH,
    Json,
    canonical_bytes,
    from_base64,
    from_base64url,
    parse_json,
    parse_object,
    sha256,
    to_base64url,
)
from provenance.errors import InputError

LARGEST = 2**53 - 1


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, b"null"),
        (True, b"true"),
        (False, b"false"),
        (0, b"0"),
        (-1, b"-1"),
        (LARGEST, b"9007199254740991"),
        (-LARGEST, b"-9007199254740991"),
        ("", b'""'),
        ([], b"[]"),
        ({}, b"{}"),
        ([1, [2, {"a": None}]], b'[1,[2,{"a":null}]]'),
        ((1, 2), b"[1,2]"),
        ({"b": 1, "a": 2}, b'{"a":2,"b":1}'),
        ({"a": {"d": [True], "c": "x y"}}, b'{"a":{"c":"x y","d":[true]}}'),
        (OrderedDict([("b", 1), ("a", 2)]), b'{"a":2,"b":1}'),
        ("é€😀", '"é€😀"'.encode()),
        ("\u007f\u2028", '"\u007f\u2028"'.encode()),
    ],
)
def test_a_value_is_written_in_its_one_form(value: Json, written: bytes) -> None:
    assert canonical_bytes(value) == written


# RFC 8785, 3.2.2.2: escapes of strings.
def test_strings_are_escaped_as_the_rfc_shows() -> None:
    assert canonical_bytes('€$\u000f\nA\'B"\\\\"/') == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    assert canonical_bytes("\b\t\n\f\r\0\x1f") == b'"\\b\\t\\n\\f\\r\\u0000\\u001f"'


# RFC 8785, 3.2.3: the sorting of properties, by UTF-16 code units.
def test_keys_are_sorted_as_the_rfc_shows() -> None:
    value: dict[str, Json] = {
        "\u20ac": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "\u00f6": "Latin Small Letter O With Diaeresis",
    }
    assert list(json.loads(canonical_bytes(value)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (1.5, "document"),
        ([1, 1.5], "document"),
        (({"a": 1.5},), "document.a"),
        ({"a": {"b": [1.5]}}, "document.a.b"),
    ],
)
def test_a_float_is_not_written(value: Json, place: str) -> None:
    with refused(InputError, f"{place}: expected whole numbers only, got 1.5"):
        canonical_bytes(value)


@pytest.mark.parametrize(("value", "shown"), [(1.0, "1.0"), (float("nan"), "nan"), (float("-inf"), "-inf")])
def test_no_kind_of_float_is_written(value: float, shown: str) -> None:
    number: object = value
    with refused(InputError, f"document: expected whole numbers only, got {shown}"):
        canonical_bytes(number)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [LARGEST + 1, -LARGEST - 1, 10**30])
def test_a_number_beyond_the_exact_ones_is_not_written(value: int) -> None:
    with refused(InputError, "document: cannot be written as canonical json: …"):
        canonical_bytes({"a": value})


@pytest.mark.parametrize("value", ["\ud800", ["\udfff"], {"a": "\ud800"}, {"\ud800": 1}])
def test_half_a_character_is_not_written(value: Json) -> None:
    with refused(InputError, "document: cannot be written as canonical json: …"):
        canonical_bytes(value)


@pytest.mark.parametrize("value", [b"x", {1}, {"a": object()}, {1: 2}, {None: 2}])
def test_what_is_not_json_is_not_written(value: object) -> None:
    with refused(InputError, "document: cannot be written as canonical json: …"):
        canonical_bytes(value)  # type: ignore[arg-type]


def test_too_many_levels_are_not_written() -> None:
    value: list[Json] = []
    for _ in range(MAX_JSON_DEPTH + 1):
        value = [value]
    with refused(InputError, f"document: expected at most {MAX_JSON_DEPTH} levels, got more"):
        canonical_bytes(value)


def test_a_value_within_itself_is_not_written() -> None:
    value: list[Json] = []
    value.append(value)
    with refused(InputError, f"document: expected at most {MAX_JSON_DEPTH} levels, got more"):
        canonical_bytes(value)


@pytest.mark.parametrize(("key", "shown"), [("a\nb", r"a\u{a}b"), ("\x1b[31m", r"\u{1b}[31m")])
def test_a_key_with_control_characters_leaves_the_message_on_one_line(key: str, shown: str) -> None:
    opening = b"{" + json.dumps(key).encode() + b":"
    data = opening * (MAX_JSON_DEPTH + 2) + b"1" + b"}" * (MAX_JSON_DEPTH + 2)
    with refused(InputError, f"page.{shown}.…"):
        parse_json(data, place="page")


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b" [1, true, false, null] \r\n\t", [1, True, False, None]),
        (b"-0", 0),
        (b'{"b":1,"a":{"a":2}}', {"b": 1, "a": {"a": 2}}),
        ('"é😀"'.encode(), "é😀"),
        (rb'"\u00e9\ud83d\ude00"', "é😀"),
        (b"123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_json_is_read(data: bytes, value: Json) -> None:
    assert parse_json(data, place="page") == value


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "something else at line 1 column 1"),
        (b"{", "something else at line 1 column 2"),
        (b"[1]\n x", "something else at line 2 column 2"),
        (b"{'a':1}", "something else at line 1 column 2"),
        (b'"a\nb"', "something else at line 1 column 3"),
        (b"\xef\xbb\xbf{}", "something else at line 1 column 1"),
        (b"\xff", "bytes that are not UTF-8"),
        (b'"\xed\xa0\x80"', "bytes that are not UTF-8"),
        (b'{\x00"\x00a\x00"\x00:\x001\x00}\x00', "something else at line 1 column 2"),
        (b'{"a":1,"a":1}', "an object with a repeated key"),
        (b'[{"b":{"a":1,"\\u0061":2}}]', "an object with a repeated key"),
        (b"1.0", "the number 1.0, where only whole numbers are allowed"),
        (b'{"a":[1e5]}', "the number 1e5, where only whole numbers are allowed"),
        (b"-0.0", "the number -0.0, where only whole numbers are allowed"),
        (b"NaN", "the number NaN, where only whole numbers are allowed"),
        (b"Infinity", "the number Infinity, where only whole numbers are allowed"),
        (b"-Infinity", "the number -Infinity, where only whole numbers are allowed"),
        (b"0." + b"1" * 90, f"the number 0.{'1' * 38}, where only whole numbers are allowed"),
        (b"[" * 100_000, "too many levels"),
        (b"1" * 5000, "…"),
    ],
)
def test_other_bytes_than_json_are_refused(data: bytes, found: str) -> None:
    with refused(InputError, f"page: expected json, got {found}"):
        parse_json(data, place="page")


def test_the_limits_are_these() -> None:
    assert (MAX_JSON_BYTES, MAX_JSON_DEPTH) == (4_194_304, 32)


def test_as_many_levels_as_allowed_are_read() -> None:
    objects = b'{"a":' * MAX_JSON_DEPTH + b"1" + b"}" * MAX_JSON_DEPTH
    assert parse_json(objects, place="page") == json.loads(objects)
    assert parse_json(nested(MAX_JSON_DEPTH), place="page") == json.loads(nested(MAX_JSON_DEPTH))


@pytest.mark.parametrize("data", [nested(MAX_JSON_DEPTH + 2), b"[" * 33 + b"1" + b"]" * 33])
def test_more_levels_are_refused(data: bytes) -> None:
    with refused(InputError, f"page: expected at most {MAX_JSON_DEPTH} levels, got more"):
        parse_json(data, place="page")


def test_the_message_names_the_place_within_the_document() -> None:
    data = b'{"a":{"b":' + nested(MAX_JSON_DEPTH) + b"}}"
    with refused(InputError, f"page.a.b: expected at most {MAX_JSON_DEPTH} levels, got more"):
        parse_json(data, place="page")


def test_as_many_bytes_as_allowed_are_read() -> None:
    assert parse_json(b"1".rjust(MAX_JSON_BYTES), place="page") == 1


def test_more_bytes_are_refused() -> None:
    with refused(InputError, f"page: expected at most {MAX_JSON_BYTES} bytes, got {MAX_JSON_BYTES + 1}"):
        parse_json(b"1".rjust(MAX_JSON_BYTES + 1), place="page")


def test_an_object_is_read() -> None:
    assert parse_object(b'{"a":[1]}', place="page") == {"a": [1]}


@pytest.mark.parametrize(
    ("data", "found"),
    [(b"[]", "list"), (b"null", "NoneType"), (b"1", "int"), (b'"a"', "str"), (b"true", "bool")],
)
def test_another_value_than_an_object_is_refused(data: bytes, found: str) -> None:
    with refused(InputError, f"page: expected a json object, got {found}"):
        parse_object(data, place="page")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "page: expected json, got something else at line 1 column 2"),
        (b'{"a":1,"a":1}', "page: expected json, got an object with a repeated key"),
        (b'{"a":1.5}', "page: expected json, got the number 1.5, where only whole numbers are allowed"),
    ],
)
def test_an_object_is_read_as_strictly_as_any_json(data: bytes, message: str) -> None:
    with refused(InputError, message):
        parse_object(data, place="page")


# FIPS 180-2, appendix B.1.
def test_sha256_of_abc() -> None:
    assert sha256(b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(b"") == hashlib.sha256().digest()


# RFC 4648, 10, without padding, and RFC 7515, appendix C.
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg"),
        (b"fooba", "Zm9vYmE"),
        (b"foobar", "Zm9vYmFy"),
        (bytes([3, 236, 255, 224, 193]), "A-z_4ME"),
    ],
)
def test_base64url_is_written_and_read(data: bytes, text: str) -> None:
    assert to_base64url(data) == text
    assert from_base64url(text, place="salt") == data
    assert from_base64url(text, place="salt", size=len(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        "Zg==",
        "Zm8=",
        "Zm9vYg=",
        "=",
        " Zg",
        "Zg\n",
        "Z g",
        "A+z/4ME",
        "Zm9vé",
        "Z",
        "Zm9vY",
        "٢٢",
        None,
        5,
        True,
        [],
        {},
    ],
)
def test_what_is_not_base64url_is_refused(text: Json) -> None:
    with refused(InputError, "salt: expected base64url without padding"):
        from_base64url(text, place="salt")


@pytest.mark.parametrize("text", ["Zh", "Zm9", "Zm9vYh", "_9"])
def test_base64url_with_stray_bits_is_refused(text: str) -> None:
    with refused(InputError, "salt: expected base64url without stray bits"):
        from_base64url(text, place="salt")


@pytest.mark.parametrize(("text", "size", "got"), [("Zm9v", 2, 3), ("Zm9v", 4, 3), ("", 1, 0), ("Zm9v", 0, 3)])
def test_base64url_of_another_size_is_refused(text: str, size: int, got: int) -> None:
    with refused(InputError, f"salt: expected {size} bytes, got {got}"):
        from_base64url(text, place="salt", size=size)


# RFC 4648, 10.
@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", b""),
        ("Zg==", b"f"),
        ("Zm8=", b"fo"),
        ("Zm9v", b"foo"),
        ("Zm9vYmFy", b"foobar"),
        ("A+z/4ME=", b"\x03\xec\xff\xe0\xc1"),
    ],
)
def test_base64_is_read(text: str, data: bytes) -> None:
    assert from_base64(text, place="root") == data


@pytest.mark.parametrize(
    "text", ["Zg", "Zg=", "Zm8", "=", "A-z_4ME=", " Zg==", "Zg==\n", "Zm9v Zm9v", "Zg==Zg==", "Zm9vé", "\ud800", "Z"]
)
def test_what_is_not_base64_is_refused(text: str) -> None:
    with refused(InputError, "root: expected base64"):
        from_base64(text, place="root")


@pytest.mark.parametrize("text", ["Zh==", "Zm9=", "A+z/4MF="])
def test_base64_with_stray_bits_is_refused(text: str) -> None:
    with refused(InputError, "root: expected base64 with its padding and without stray bits"):
        from_base64(text, place="root")
