import copy
import json
from pathlib import Path
from typing import Any

import pytest
from support.logs import LOG_ORIGIN, Log
from support.pictures import draw_jpeg
from support.refusals import refused
from support.studios import make_studio, record_consent, stamped

from provenance import __version__
from provenance.canonical import Json, to_base64url
from provenance.credentials.ingredients import IngredientSource, Relationship
from provenance.credentials.labels import AI_DISCLOSURE_LABEL, CONSENT_LABEL, TRAINING_MINING_LABEL
from provenance.credentials.manifest import MAX_HANDLES, ConsentAssertion, Declaration, StampManifest, Step, Tool
from provenance.credentials.origin import (
    COMPOSITE_WITH_TRAINED,
    COMPUTATIONAL_CAPTURE,
    DIGITAL_CAPTURE,
    HUMAN_EDITS,
    TRAINED_MEDIA,
)
from provenance.errors import InputError
from provenance.picture import read_picture

LOG = Log()
HANDLE = bytes(range(32))
ENTRY = b'{"at":"2026-11-23T21:07Z","handles":[],"image":"","type":"stamp","v":1}'
CONTROLLER = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
PROOF = "c2sp.org/tlog-proof@v1\nindex 3\n\nnote\n"

REAL = ConsentAssertion(
    handles=(HANDLE,),
    subject_kind="real",
    scopes=("capture",),
    assurance="drawn",
    controller=CONTROLLER,
    stamped_at="2026-11-23T21:07Z",
    entry=ENTRY,
    log_origin=LOG_ORIGIN,
    log_key=LOG.key.to_text(),
    proof=PROOF,
)
SYNTHETIC = ConsentAssertion(
    handles=(),
    subject_kind="synthetic",
    scopes=(),
    assurance=None,
    controller=CONTROLLER,
    stamped_at="2026-11-23T21:07Z",
    entry=ENTRY,
    log_origin=LOG_ORIGIN,
    log_key=LOG.key.to_text(),
    proof=PROOF,
)
MINING = {"cawg.ai_training": "notAllowed", "cawg.data_mining": "allowed"}
VERSION = "consent assertion: expected version 1"
MEMBERS = "consent assertion: expected log, handles and scopes"

NO_TEXT: list[object] = [None, 7, True, [], {}, b"bytes"]

Document = dict[str, Any]


def document(**changes: object) -> Document:
    """Return the data of an assertion with some members changed; `log_x` stands for a member of its log."""
    found: Document = copy.deepcopy(REAL.to_json())
    for name, value in changes.items():
        place, member = (found["log"], name.removeprefix("log_")) if name.startswith("log_") else (found, name)
        place[member] = value
    return found


def without(name: str) -> Document:
    found: Document = copy.deepcopy(REAL.to_json())
    del (found["log"] if name.startswith("log_") else found)[name.removeprefix("log_")]
    return found


# --- the consent assertion


def test_an_assertion_has_the_form_of_its_version() -> None:
    assert REAL.to_json() == {
        "v": 1,
        "handles": [to_base64url(HANDLE)],
        "subject_kind": "real",
        "scopes": ["capture"],
        "assurance": "drawn",
        "controller": CONTROLLER,
        "stamped_at": "2026-11-23T21:07Z",
        "entry": ENTRY.decode(),
        "log": {"origin": LOG_ORIGIN, "key": LOG.key.to_text(), "proof": PROOF},
    }


def test_an_assertion_on_nobody_real_has_no_assurance() -> None:
    found = SYNTHETIC.to_json()
    assert "assurance" not in found
    assert (found["handles"], found["scopes"], found["subject_kind"]) == ([], [], "synthetic")


@pytest.mark.parametrize("assertion", [REAL, SYNTHETIC])
def test_an_assertion_is_read_as_it_was_written(assertion: ConsentAssertion) -> None:
    assert ConsentAssertion.from_json(assertion.to_json()) == assertion
    assert ConsentAssertion.from_json(json.loads(json.dumps(assertion.to_json()))) == assertion


def test_an_assertion_on_several_people_keeps_their_order() -> None:
    handles = [bytes([number]) * 32 for number in range(MAX_HANDLES)]
    found = ConsentAssertion.from_json(document(handles=[to_base64url(handle) for handle in handles]))
    assert found.handles == tuple(handles)


def test_an_unknown_member_is_passed_over() -> None:
    assert ConsentAssertion.from_json(document(more="later")) == REAL
    assert ConsentAssertion.from_json(document(log_more="later")) == REAL


def test_an_entry_in_any_text_is_read() -> None:
    assert ConsentAssertion.from_json(document(entry="")).entry == b""
    assert ConsentAssertion.from_json(document(entry="é")).entry == "é".encode()
    assert ConsentAssertion.from_json(document(entry="\ud800")).entry == b"\xed\xa0\x80"


@pytest.mark.parametrize(
    "data", [None, [], "text", 1, {}, {"v": 2}, {"v": "1"}, {"v": None}, without("v"), document(v=0), document(v=True)]
)
def test_another_version_is_refused(data: Json) -> None:
    with refused(InputError, VERSION):
        ConsentAssertion.from_json(data)


@pytest.mark.parametrize("name", ["log", "handles", "scopes"])
def test_an_assertion_without_one_of_its_parts_is_refused(name: str) -> None:
    for data in (without(name), document(**{name: None}), document(**{name: "text"}), document(**{name: 7})):
        with refused(InputError, MEMBERS):
            ConsentAssertion.from_json(data)


def test_an_object_in_place_of_a_list_is_refused() -> None:
    for name in ("handles", "scopes"):
        with refused(InputError, MEMBERS):
            ConsentAssertion.from_json(document(**{name: {}}))
    with refused(InputError, MEMBERS):
        ConsentAssertion.from_json(document(log=[]))


def test_more_handles_than_allowed_are_refused() -> None:
    handles = [to_base64url(HANDLE)] * (MAX_HANDLES + 1)
    with refused(InputError, f"consent assertion: expected at most {MAX_HANDLES} handles, got {MAX_HANDLES + 1}"):
        ConsentAssertion.from_json(document(handles=handles))


@pytest.mark.parametrize("kind", [None, "", "Real", "nobody", 1, True, [], {}, ["real"]])
def test_another_kind_of_subject_is_refused(kind: object) -> None:
    with refused(InputError, f"consent assertion: expected subject_kind real or synthetic, got {kind!r}"):
        ConsentAssertion.from_json(document(subject_kind=kind))


@pytest.mark.parametrize(
    "handle",
    [
        None,
        7,
        b"",
        "",
        "!",
        to_base64url(HANDLE[:-1]),
        to_base64url(HANDLE + b"\x00"),
        to_base64url(HANDLE) + "=",
        to_base64url(HANDLE)[:-1] + "9",
        to_base64url(HANDLE).replace("A", "+", 1),
    ],
)
def test_a_handle_that_is_none_is_refused(handle: object) -> None:
    for handles in ([handle], [to_base64url(HANDLE), handle]):
        with refused(InputError, "consent assertion handles: …"):
            ConsentAssertion.from_json(document(handles=handles))


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("controller", "controller"),
        ("stamped_at", "stamped_at"),
        ("entry", "entry"),
        ("log_origin", "log.origin"),
        ("log_key", "log.key"),
        ("log_proof", "log.proof"),
    ],
)
def test_what_is_no_text_is_refused(name: str, place: str) -> None:
    for data in (without(name), *(document(**{name: value}) for value in NO_TEXT)):
        with refused(InputError, f"consent assertion {place}: expected text"):
            ConsentAssertion.from_json(data)


def test_scopes_and_assurance_are_text() -> None:
    for scope in (7, None, ["capture"]):
        with refused(InputError, "consent assertion scopes: expected text"):
            ConsentAssertion.from_json(document(scopes=["capture", scope]))
    for assurance in NO_TEXT[1:]:
        with refused(InputError, "consent assertion assurance: expected text"):
            ConsentAssertion.from_json(document(assurance=assurance))


# --- the tool


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("Atelier", Tool("Atelier")),
        ("Atelier/7", Tool("Atelier", "7")),
        ("Atelier / 7", Tool("Atelier", "7")),
        ("  Atelier  ", Tool("Atelier")),
        ("Atelier/", Tool("Atelier")),
        ("Atelier/7/2", Tool("Atelier", "7/2")),
        ("Atelier Größe XL/7.1 β", Tool("Atelier Größe XL", "7.1 β")),
        ("画室/七", Tool("画室", "七")),
    ],
)
def test_a_tool_is_a_name_and_perhaps_a_version(text: str, tool: Tool) -> None:
    assert Tool.parse(text) == tool


@pytest.mark.parametrize(
    "text", ["", " ", "/", "/7", "  /7", "a\nb", "a/\t7", "a\x00", "a\x1b[31m", "a\u202eb", "\u00a0/1"]
)
def test_a_tool_without_a_name_or_with_control_characters_is_refused(text: str) -> None:
    with refused(InputError, f"tool: expected NAME or NAME/VERSION, got {text!r}", code="tool"):
        Tool.parse(text)


# --- the manifest


def made_from(relationship: Relationship, label: str = "parent") -> IngredientSource:
    return IngredientSource(label, relationship, "image/jpeg", b"")


PARENT = (made_from("parentOf"),)
INPUTS = (made_from("inputTo", "input1"), made_from("inputTo", "input2"))
BACKGROUND = made_from("componentOf", "background")


def stamp(
    declaration: Declaration = Declaration.CAMERA,
    *,
    ingredients: tuple[IngredientSource, ...] = (),
    tool: Tool | None = None,
    consent: ConsentAssertion = REAL,
    training_mining: dict[str, str] | None = None,
    steps: tuple[Step, ...] = (),
    computational: bool = False,
) -> StampManifest:
    return StampManifest(
        declaration, "image/jpeg", ingredients, tool, consent, training_mining or {}, steps, computational
    )


def actions_of(definition: Document) -> list[Document]:
    return [a for entry in definition["assertions"] for a in entry["data"].get("actions", [])]


def test_a_photograph_is_declared_as_captured() -> None:
    definition = stamp().to_definition()
    assert definition == {
        "claim_version": 2,
        "title": "headshot",
        "format": "image/jpeg",
        "claim_generator_info": [{"name": "Headshot Provenance", "version": __version__, "specVersion": "2.4.0"}],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [{"action": "c2pa.created", "digitalSourceType": DIGITAL_CAPTURE}],
                    "allActionsIncluded": True,
                },
            },
            {"label": CONSENT_LABEL, "data": REAL.to_json()},
        ],
    }


@pytest.mark.parametrize(
    ("tool", "agent"),
    [
        (None, {}),
        (Tool("Atelier"), {"softwareAgent": {"name": "Atelier"}}),
        (Tool("Atelier", "7"), {"softwareAgent": {"name": "Atelier", "version": "7"}}),
    ],
)
def test_a_picture_by_ai_is_declared_with_its_tool(tool: Tool | None, agent: Document) -> None:
    definition = stamp(Declaration.AI_GENERATED, tool=tool, consent=SYNTHETIC).to_definition()
    assert actions_of(definition) == [{"action": "c2pa.created", "digitalSourceType": TRAINED_MEDIA, **agent}]


@pytest.mark.parametrize("declaration", Declaration)
@pytest.mark.parametrize("tool", [None, Tool("Atelier", "7")])
def test_over_a_parent_nothing_is_created_anew(declaration: Declaration, tool: Tool | None) -> None:
    definition = stamp(declaration, ingredients=PARENT, tool=tool).to_definition()
    assert actions_of(definition) == [OPENED]
    assert "digitalSourceType" not in json.dumps(definition)
    assert disclosure(definition) is None


OPENED = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["parent"]}}
CROP, RETOUCH, SHARPEN = (
    Step("c2pa.cropped", HUMAN_EDITS),
    Step("c2pa.edited", HUMAN_EDITS, "retouch"),
    Step("c2pa.enhanced"),
)
FILL = Step("c2pa.edited", COMPOSITE_WITH_TRAINED)
RESIZE, TRANSCODE = Step("c2pa.resized.proportional"), Step("c2pa.transcoded")
EDITED = {"action": "c2pa.edited", "digitalSourceType": HUMAN_EDITS, "description": "retouch"}
FILLED = {"action": "c2pa.edited", "digitalSourceType": COMPOSITE_WITH_TRAINED}
MODEL = Tool("Atelier", "7")
AGENT = {"softwareAgent": {"name": "Atelier", "version": "7"}}


def disclosure(definition: Document) -> Document | None:
    return next((entry["data"] for entry in definition["assertions"] if entry["label"] == AI_DISCLOSURE_LABEL), None)


def test_a_computational_capture_says_so() -> None:
    definition = stamp(computational=True).to_definition()
    assert actions_of(definition) == [{"action": "c2pa.created", "digitalSourceType": COMPUTATIONAL_CAPTURE}]


def test_what_people_did_is_told_in_order_and_with_their_tool() -> None:
    definition = stamp(
        Declaration.RETOUCHED, ingredients=PARENT, steps=(CROP, RETOUCH, SHARPEN), tool=MODEL
    ).to_definition()
    assert actions_of(definition) == [
        OPENED,
        {"action": "c2pa.cropped", "digitalSourceType": HUMAN_EDITS, **AGENT},
        {**EDITED, **AGENT},
        {"action": "c2pa.enhanced", **AGENT},
    ]
    assert disclosure(definition) is None


def test_what_ai_did_is_told_with_its_model_and_who_watched_over_it() -> None:
    definition = stamp(Declaration.AI_EDITED, ingredients=PARENT, steps=(RETOUCH, FILL), tool=MODEL).to_definition()
    # The model did not do what people did.
    assert actions_of(definition) == [OPENED, EDITED, {**FILLED, **AGENT}]
    assert disclosure(definition) == {
        "modelType": "c2pa.types.model",
        "modelName": "Atelier",
        "contentProfile": {"humanOversightLevel": "human_validated"},
    }


def test_a_background_is_placed_before_anything_else_is_done() -> None:
    definition = stamp(Declaration.AI_EDITED, ingredients=(*PARENT, BACKGROUND), steps=(FILL,)).to_definition()
    placed = {"action": "c2pa.placed", "parameters": {"ingredientIds": ["background"]}}
    assert actions_of(definition) == [OPENED, placed, FILLED]


def test_a_copy_names_its_parent_where_older_validators_look_for_it() -> None:
    definition = stamp(Declaration.DERIVATIVE, ingredients=PARENT, steps=(RESIZE, TRANSCODE)).to_definition()
    assert actions_of(definition) == [
        OPENED,
        {"action": "c2pa.resized.proportional"},
        {"action": "c2pa.transcoded", "parameters": {"ingredientIds": ["parent"]}},
    ]
    assert disclosure(definition) is None


@pytest.mark.parametrize(
    ("inputs", "oversight", "parameters"),
    [
        ((), "fully_autonomous", {}),
        (INPUTS, "prompt_guided", {"parameters": {"ingredientIds": ["input1", "input2"]}}),
    ],
)
def test_a_picture_by_ai_names_its_inputs_and_how_it_was_led(
    inputs: tuple[IngredientSource, ...], oversight: str, parameters: Document
) -> None:
    definition = stamp(Declaration.AI_GENERATED, ingredients=inputs).to_definition()
    assert actions_of(definition) == [{"action": "c2pa.created", "digitalSourceType": TRAINED_MEDIA, **parameters}]
    assert disclosure(definition) == {
        "modelType": "c2pa.types.model",
        "contentProfile": {"humanOversightLevel": oversight},
    }


def test_what_the_grants_say_on_training_and_mining_is_asserted() -> None:
    definition = stamp(training_mining=MINING).to_definition()
    assert definition["assertions"][2:] == [
        {
            "label": TRAINING_MINING_LABEL,
            "data": {"entries": {"cawg.ai_training": {"use": "notAllowed"}, "cawg.data_mining": {"use": "allowed"}}},
        }
    ]


def test_where_the_grants_say_nothing_on_it_nothing_is_asserted() -> None:
    assert [entry["label"] for entry in stamp().to_definition()["assertions"]] == ["c2pa.actions.v2", CONSENT_LABEL]


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/webp"])
def test_the_kind_of_picture_is_told(media_type: str) -> None:
    assert StampManifest(Declaration.CAMERA, media_type, (), None, REAL, {}).to_definition()["format"] == media_type


def test_there_is_no_other_declaration() -> None:
    words = ["camera", "retouched", "ai-edited", "ai-generated", "derivative"]
    assert [declaration.value for declaration in Declaration] == words


def test_nothing_in_a_stamped_file_names_the_person_or_the_file(tmp_path: Path) -> None:
    studio = make_studio(tmp_path / "studio")
    try:
        recorded = record_consent(studio)
        folder = tmp_path / "Angstrom-Zoe"
        folder.mkdir()
        source = draw_jpeg(folder / "zoe-angstrom-portrait.jpg", exif=False)
        found = read_picture(stamped(studio, source, folder / "zoe-stamped.jpg", code=recorded.code).read_bytes()).store
    finally:
        studio.close()
    assert found is not None
    assert b"headshot" in found.data
    said = found.data.lower()
    # No shorter words: three letters are met by chance in what is random, written in base64.
    names = ("zoe-angstrom", "zoe-stamped", "zoë ångström", "angstrom", "ångström", "example.org")
    for word in (*names, recorded.code, recorded.code.replace("-", "")):
        assert word.lower().encode() not in said
    assert recorded.record.record_id.encode() not in found.data
