from collections.abc import Mapping

import pytest
from cryptography import x509
from support.judged import AUTHORITY, CERTIFICATE

from provenance.credentials.crjson import Action, Ingredient, Manifest, Signer, Status, Validation
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.origin import (
    DIGITAL_CAPTURE,
    IPTC,
    TRAINED_MEDIA,
    GenerativeMarker,
    Origin,
    OriginFinding,
    find_generative_markers,
    find_origin,
)
from provenance.credentials.reading import Credential
from provenance.credentials.rubric import CAPTURED_SOURCE_TYPES, GENERATIVE_SOURCE_TYPES, NON_EDITORIAL_ACTIONS

HUMAN_EDITS = IPTC + "humanEdits"
COMPOSITE = IPTC + "compositeWithTrainedAlgorithmicMedia"
TRUST_LIST = "urn:example:trust"
TRUSTED = Validation(success=(Status("signingCredential.trusted", "", ""),))
UNTRUSTED = Validation(failure=(Status("signingCredential.untrusted", "", ""),))

CREATED, OPENED, PLACED = "c2pa.created", "c2pa.opened", "c2pa.placed"
GENERATIVE = sorted(GENERATIVE_SOURCE_TYPES)
CAPTURED = sorted(CAPTURED_SOURCE_TYPES)


def action(name: str, source_type: str | None = None) -> Action:
    return Action(name, source_type, None, ())


def ingredient(
    manifest: str | None,
    relationship: str = "parentOf",
    *,
    source_type: str | None = None,
    recorded: Validation | None = None,
    since: Validation | None = None,
) -> Ingredient:
    nothing = Validation()
    return Ingredient("c2pa.ingredient.v3", relationship, manifest, source_type, recorded or nothing, since or nothing)


def manifest(
    label: str,
    *actions: Action,
    ingredients: tuple[Ingredient, ...] = (),
    by: str = "Camera maker",
    assertions: Mapping[str, object] | None = None,
    certificate: x509.Certificate | None = CERTIFICATE,
) -> Manifest:
    return Manifest(
        label=label,
        generator="a program",
        signer=Signer(by, None, None),
        certificate=certificate,
        actions=actions,
        actions_complete=True,
        ingredients=ingredients,
        assertions=assertions or {},
        created=frozenset(),
        time=None,
        validation=Validation(),
    )


def credential(*manifests: Manifest, trust_list: str | None = TRUST_LIST) -> Credential:
    """Return credentials of which the first manifest is the active one."""
    labelled = {found.label: found for found in manifests}
    return Credential(labelled, manifests[0].label, trust_list, None, {})


def opened(
    label: str, parent: Ingredient, *more: Action, by: str = "Editor", others: tuple[Ingredient, ...] = ()
) -> Manifest:
    """Return the manifest of a picture that was opened."""
    return manifest(label, action(OPENED), *more, ingredients=(parent, *others), by=by)


def capture(label: str = "capture", *more: Action, by: str = "Camera maker", studio: bool = False) -> Manifest:
    """Return the manifest of a photograph."""
    assertions = {CONSENT_LABEL: {"v": 1}} if studio else {}
    return manifest(label, action(CREATED, DIGITAL_CAPTURE), *more, by=by, assertions=assertions)


def generated(label: str = "generated", by: str = "Model maker") -> Manifest:
    return manifest(label, action(CREATED, TRAINED_MEDIA), by=by)


# --- what a camera says


@pytest.mark.parametrize("source_type", CAPTURED)
def test_a_capture_that_a_trusted_maker_states_is_camera_signed(source_type: str) -> None:
    found = find_origin(credential(manifest("a", action(CREATED, source_type))))
    assert found == OriginFinding(Origin.CAMERA_SIGNED, "Camera maker", edited=False)


@pytest.mark.parametrize("source_type", CAPTURED)
def test_a_capture_that_a_stranger_states_is_camera_declared(source_type: str) -> None:
    found = find_origin(credential(manifest("a", action(CREATED, source_type)), trust_list=None))
    assert found == OriginFinding(Origin.CAMERA_DECLARED, "Camera maker", edited=False)


@pytest.mark.parametrize("trust_list", [None, TRUST_LIST])
def test_a_capture_that_a_studio_states_is_camera_declared(trust_list: str | None) -> None:
    found = find_origin(credential(capture(by="Studio", studio=True), trust_list=trust_list))
    assert found == OriginFinding(Origin.CAMERA_DECLARED, "Studio", edited=False)


@pytest.mark.parametrize(
    ("recorded", "since", "origin"),
    [
        (TRUSTED, None, Origin.CAMERA_SIGNED),
        (None, TRUSTED, Origin.CAMERA_SIGNED),
        (UNTRUSTED, TRUSTED, Origin.CAMERA_SIGNED),
        (UNTRUSTED, None, Origin.CAMERA_DECLARED),
        (None, UNTRUSTED, Origin.CAMERA_DECLARED),
        (None, None, Origin.CAMERA_DECLARED),
    ],
)
def test_a_capture_before_a_stamp_is_judged_by_its_own_signer(
    recorded: Validation | None, since: Validation | None, origin: Origin
) -> None:
    stamp = opened("stamp", ingredient("capture", recorded=recorded, since=since), by="Studio")
    assert find_origin(credential(stamp, capture())) == OriginFinding(origin, "Camera maker", edited=False)


def test_a_capture_by_a_studio_stays_declared_however_often_it_is_stamped() -> None:
    stamps = [
        opened("third", ingredient("second", since=TRUSTED)),
        opened("second", ingredient("first", since=TRUSTED)),
        capture("first", by="Studio", studio=True),
    ]
    assert find_origin(credential(*stamps)) == OriginFinding(Origin.CAMERA_DECLARED, "Studio", edited=False)


def test_trust_in_the_last_signer_is_none_in_the_first() -> None:
    found = find_origin(credential(opened("stamp", ingredient("capture")), capture(), trust_list=TRUST_LIST))
    assert found.origin is Origin.CAMERA_DECLARED


def test_trust_in_another_ingredient_is_none_in_the_first_signer() -> None:
    other = ingredient("other", "componentOf", recorded=TRUSTED)
    stamp = opened("stamp", ingredient("capture"), action(PLACED), others=(other,))
    found = find_origin(credential(stamp, capture(), capture("other")))
    assert found.origin is Origin.EDITED
    assert find_origin(
        credential(opened("stamp", ingredient("capture"), others=(other,)), capture(), capture("other"))
    ) == (OriginFinding(Origin.CAMERA_DECLARED, "Camera maker", edited=False))


def test_a_manifest_to_which_nothing_refers_vouches_for_nobody() -> None:
    stray = opened("stray", ingredient("capture", recorded=TRUSTED), by="Nobody")
    found = find_origin(credential(opened("stamp", ingredient("capture")), stray, capture()))
    assert found.origin is Origin.CAMERA_DECLARED


@pytest.mark.parametrize("trust_list", [None, TRUST_LIST])
def test_a_stranger_vouches_for_nobody(trust_list: str | None) -> None:
    stranger = opened("edit", ingredient("capture", recorded=TRUSTED), by="Stranger")
    if trust_list is None:
        found = find_origin(credential(stranger, capture(), trust_list=None))
    else:
        found = find_origin(credential(opened("stamp", ingredient("edit", since=UNTRUSTED)), stranger, capture()))
    assert found.origin is Origin.CAMERA_DECLARED


@pytest.mark.parametrize("unfit", [AUTHORITY, None])
def test_a_certificate_that_may_not_sign_claims_speaks_for_no_camera(unfit: x509.Certificate | None) -> None:
    made = manifest("capture", action(CREATED, DIGITAL_CAPTURE), certificate=unfit)
    assert find_origin(credential(made)).origin is Origin.CAMERA_DECLARED
    for parent in (ingredient("capture", recorded=TRUSTED), ingredient("capture", since=TRUSTED)):
        assert find_origin(credential(opened("stamp", parent), made)).origin is Origin.CAMERA_DECLARED
    # Nor does who holds such a certificate vouch for the camera of somebody else.
    stamp = manifest("stamp", action(OPENED), ingredients=(ingredient("capture", recorded=TRUSTED),), certificate=unfit)
    assert find_origin(credential(stamp, capture())).origin is Origin.CAMERA_DECLARED


def test_a_capture_is_stated_by_the_common_name_of_a_signer_without_an_organization() -> None:
    for signer, name in [(Signer(None, "Camera 7", None), "Camera 7"), (Signer(None, None, None), "an unnamed signer")]:
        found = Manifest(
            "a", "", signer, None, (action(CREATED, DIGITAL_CAPTURE),), True, (), {}, frozenset(), None, Validation()
        )
        assert find_origin(credential(found)).stated_by == name


# --- what people did


@pytest.mark.parametrize(
    "name", ["c2pa.edited", "c2pa.cropped", "c2pa.color_adjustments", PLACED, "org.example.retouched"]
)
def test_a_capture_that_people_changed_is_edited(name: str) -> None:
    expected = OriginFinding(Origin.EDITED, "Camera maker", edited=True)
    assert find_origin(credential(capture("a", action(name)))) == expected
    stamp = opened("stamp", ingredient("capture", since=TRUSTED), action(name, HUMAN_EDITS))
    assert find_origin(credential(stamp, capture())) == expected


def test_an_edit_anywhere_in_the_chain_counts() -> None:
    first, middle = capture("first"), opened("middle", ingredient("first"), action("c2pa.edited"))
    found = find_origin(credential(opened("last", ingredient("middle")), middle, first))
    assert found == OriginFinding(Origin.EDITED, "Camera maker", edited=True)


def test_an_edit_outside_of_the_chain_does_not_count() -> None:
    part = capture("part", action("c2pa.edited"))
    stamp = opened("stamp", ingredient("capture", since=TRUSTED), others=(ingredient("part", "inputTo"),))
    assert find_origin(credential(stamp, capture(), part)).origin is Origin.CAMERA_SIGNED


@pytest.mark.parametrize("name", sorted(NON_EDITORIAL_ACTIONS))
def test_an_action_that_is_no_edit_leaves_a_capture_as_it_is(name: str) -> None:
    assert find_origin(credential(capture("a", action(name)))).origin is Origin.CAMERA_SIGNED


# --- what generative AI did


@pytest.mark.parametrize("name", [CREATED, OPENED])
@pytest.mark.parametrize("source_type", GENERATIVE)
def test_a_picture_created_as_generative_is_ai_generated(source_type: str, name: str) -> None:
    found = credential(manifest("a", action(name, source_type), by="Model maker"))
    assert find_origin(found) == OriginFinding(Origin.AI_GENERATED, "Model maker", edited=False)
    assert find_generative_markers(found) == [GenerativeMarker("a", name, source_type)]


@pytest.mark.parametrize("trust_list", [None, TRUST_LIST])
def test_a_picture_by_ai_needs_no_trusted_signer(trust_list: str | None) -> None:
    assert find_origin(credential(generated(), trust_list=trust_list)).origin is Origin.AI_GENERATED


def test_a_picture_by_ai_stays_one_after_edits_and_stamps() -> None:
    edit = opened("edit", ingredient("generated"), action("c2pa.edited", HUMAN_EDITS))
    found = credential(opened("stamp", ingredient("edit", since=TRUSTED)), edit, generated())
    assert find_origin(found) == OriginFinding(Origin.AI_GENERATED, "Model maker", edited=True)


def test_a_camera_claim_over_a_generated_parent_is_ai_generated() -> None:
    """A picture by AI, opened and signed anew as if a camera had captured it."""
    laundered = manifest("laundered", action(CREATED, DIGITAL_CAPTURE), ingredients=(ingredient("generated"),))
    found = credential(laundered, generated())
    assert find_origin(found) == OriginFinding(Origin.AI_GENERATED, "Model maker", edited=False)
    assert find_generative_markers(found) == [GenerativeMarker("generated", CREATED, TRAINED_MEDIA)]


def test_a_generated_claim_over_a_captured_parent_is_ai_generated() -> None:
    restyled = manifest(
        "restyled", action(CREATED, TRAINED_MEDIA), ingredients=(ingredient("capture"),), by="Model maker"
    )
    found = find_origin(credential(opened("stamp", ingredient("restyled")), restyled, capture()))
    assert found == OriginFinding(Origin.AI_GENERATED, "Model maker", edited=False)


@pytest.mark.parametrize("source_type", GENERATIVE)
@pytest.mark.parametrize("name", ["c2pa.edited", "c2pa.placed", "c2pa.enhanced", "org.example.filled"])
def test_a_capture_that_ai_changed_is_ai_edited(source_type: str, name: str) -> None:
    edit = opened("edit", ingredient("capture", since=TRUSTED), action(name, source_type))
    found = credential(opened("stamp", ingredient("edit")), edit, capture())
    assert find_origin(found) == OriginFinding(Origin.AI_EDITED, "Editor", edited=False)
    assert find_generative_markers(found) == [GenerativeMarker("edit", name, source_type)]


def test_an_edit_by_ai_and_one_by_people_are_both_told() -> None:
    edit = opened("edit", ingredient("capture"), action("c2pa.edited", COMPOSITE), action("c2pa.cropped"))
    assert find_origin(credential(edit, capture())) == OriginFinding(Origin.AI_EDITED, "Editor", edited=True)


def test_an_edit_by_ai_of_a_picture_from_nowhere_is_ai_edited() -> None:
    edit = opened("edit", ingredient(None), action("c2pa.edited", TRAINED_MEDIA))
    assert find_origin(credential(edit)).origin is Origin.AI_EDITED


@pytest.mark.parametrize("source_type", GENERATIVE)
def test_something_placed_that_is_said_to_be_generated_makes_it_ai_edited(source_type: str) -> None:
    placed = ingredient(None, "componentOf", source_type=source_type)
    edit = opened("edit", ingredient("capture", since=TRUSTED), action(PLACED), others=(placed,))
    found = credential(edit, capture())
    assert find_origin(found) == OriginFinding(Origin.AI_EDITED, "Editor", edited=True)
    assert find_generative_markers(found) == [GenerativeMarker("edit", "c2pa.ingredient.v3", source_type)]


def test_something_placed_whose_own_manifest_says_generated_makes_it_ai_edited() -> None:
    edit = opened("edit", ingredient("capture"), action(PLACED), others=(ingredient("generated", "componentOf"),))
    assert find_origin(credential(edit, capture(), generated())).origin is Origin.AI_EDITED
    filled = manifest("filled", action(CREATED, DIGITAL_CAPTURE), action("c2pa.edited", COMPOSITE))
    edit = opened("edit", ingredient("capture"), action(PLACED), others=(ingredient("filled", "componentOf"),))
    assert find_origin(credential(edit, capture(), filled)).origin is Origin.AI_EDITED


def test_something_placed_in_an_earlier_step_counts() -> None:
    edit = opened("edit", ingredient("capture"), action(PLACED), others=(ingredient("generated", "componentOf"),))
    found = find_origin(credential(opened("stamp", ingredient("edit"), by="Studio"), edit, capture(), generated()))
    assert found == OriginFinding(Origin.AI_EDITED, "Editor", edited=True)


def test_something_placed_that_was_captured_leaves_it_edited() -> None:
    edit = opened("edit", ingredient("capture"), action(PLACED), others=(ingredient("other", "componentOf"),))
    assert find_origin(credential(edit, capture(), capture("other"))).origin is Origin.EDITED


def test_something_placed_without_any_credentials_leaves_it_edited() -> None:
    for label in (None, "absent"):
        edit = opened("edit", ingredient("capture"), action(PLACED), others=(ingredient(label, "componentOf"),))
        assert find_origin(credential(edit, capture())).origin is Origin.EDITED


# --- what nobody says


@pytest.mark.parametrize("parent", [None, "absent"])
def test_a_parent_without_credentials_has_no_known_origin(parent: str | None) -> None:
    found = find_origin(credential(opened("stamp", ingredient(parent))))
    assert found == OriginFinding(Origin.UNKNOWN, None, edited=False)


def test_an_edit_of_a_picture_from_nowhere_is_told() -> None:
    found = find_origin(credential(opened("edit", ingredient(None), action("c2pa.cropped"))))
    assert found == OriginFinding(Origin.UNKNOWN, None, edited=True)


@pytest.mark.parametrize("parent", [None, "absent"])
@pytest.mark.parametrize("name", [CREATED, OPENED])
def test_a_camera_claim_over_a_parent_without_credentials_is_not_believed(parent: str | None, name: str) -> None:
    laundered = manifest("laundered", action(name, DIGITAL_CAPTURE), ingredients=(ingredient(parent),))
    assert find_origin(credential(laundered)).origin is Origin.UNKNOWN


@pytest.mark.parametrize(
    "first",
    [
        manifest("first"),
        manifest("first", action("c2pa.edited", HUMAN_EDITS)),
        manifest("first", action(CREATED)),
        manifest("first", action(CREATED, IPTC + "digitalArt")),
        manifest("first", action(CREATED, "http://c2pa.org/digitalsourcetype/empty")),
        manifest("first", action(CREATED, "digitalCapture")),
        manifest("first", action("c2pa.published", DIGITAL_CAPTURE)),
        manifest("first", action(OPENED), ingredients=(ingredient("capture", "componentOf"),)),
        manifest("first", action(OPENED), ingredients=(ingredient("capture", "inputTo"),)),
    ],
)
def test_a_first_manifest_that_states_no_capture_has_no_known_origin(first: Manifest) -> None:
    found = find_origin(credential(first, capture()))
    assert (found.origin, found.stated_by) == (Origin.UNKNOWN, None)
    stamped = find_origin(credential(opened("stamp", ingredient("first", since=TRUSTED)), first, capture()))
    assert (stamped.origin, stamped.stated_by) == (Origin.UNKNOWN, None)


def test_the_first_manifest_of_the_chain_is_asked_and_no_other() -> None:
    """A capture that a later manifest states says nothing about what it opened."""
    middle = manifest("middle", action(OPENED, DIGITAL_CAPTURE), ingredients=(ingredient("first"),))
    assert find_origin(credential(middle, manifest("first"))).origin is Origin.UNKNOWN


def test_parents_that_lead_in_a_circle_are_each_asked_once() -> None:
    one, two = opened("one", ingredient("two")), opened("two", ingredient("one"))
    assert find_origin(credential(one, two)) == OriginFinding(Origin.UNKNOWN, None, edited=False)
    assert find_origin(credential(opened("own", ingredient("own")))).origin is Origin.UNKNOWN


def test_a_conflict_is_never_found_here() -> None:
    """No origin of a chain contradicts itself: where manifests disagree, the one that admits more is believed."""
    everything = [
        credential(capture()),
        credential(capture(), trust_list=None),
        credential(capture("a", action("c2pa.edited"))),
        credential(capture("a", action("c2pa.edited", TRAINED_MEDIA))),
        credential(generated()),
        credential(manifest("a")),
    ]
    assert {find_origin(found).origin for found in everything} == set(Origin) - {Origin.CONFLICT}


# --- markers


def test_markers_are_found_in_every_manifest_of_the_store() -> None:
    edit = manifest(
        "edit",
        action(OPENED),
        action("c2pa.edited", COMPOSITE),
        action("c2pa.cropped", HUMAN_EDITS),
        ingredients=(
            ingredient("capture"),
            ingredient("generated", "componentOf"),
            ingredient(None, "inputTo", source_type=TRAINED_MEDIA),
            ingredient(None, "inputTo", source_type=DIGITAL_CAPTURE),
        ),
    )
    assert find_generative_markers(credential(edit, capture(), generated())) == [
        GenerativeMarker("edit", "c2pa.edited", COMPOSITE),
        GenerativeMarker("edit", "c2pa.ingredient.v3", TRAINED_MEDIA),
        GenerativeMarker("generated", CREATED, TRAINED_MEDIA),
    ]


def test_every_statement_of_one_manifest_is_a_marker() -> None:
    twice = manifest("twice", action(CREATED, DIGITAL_CAPTURE), action(CREATED, TRAINED_MEDIA))
    assert find_generative_markers(credential(twice)) == [GenerativeMarker("twice", CREATED, TRAINED_MEDIA)]


@pytest.mark.parametrize(
    "source_type",
    [
        DIGITAL_CAPTURE,
        HUMAN_EDITS,
        IPTC + "algorithmicMedia",
        IPTC + "algorithmicallyEnhanced",
        "trainedAlgorithmicMedia",
        TRAINED_MEDIA.upper(),
        TRAINED_MEDIA.replace("http:", "https:"),
        None,
    ],
)
def test_other_source_types_are_no_markers(source_type: str | None) -> None:
    found = credential(
        manifest("a", action(CREATED, source_type), ingredients=(ingredient(None, source_type=source_type),))
    )
    assert find_generative_markers(found) == []


# --- a parent without credentials, of which the signer says what it is


@pytest.mark.parametrize("source_type", CAPTURED)
def test_a_parent_without_credentials_is_what_the_signer_says_of_it(source_type: str) -> None:
    parent = ingredient(None, source_type=source_type)
    edit = opened("edit", parent, action("c2pa.cropped", HUMAN_EDITS), by="Studio")
    assert find_origin(credential(edit)) == OriginFinding(Origin.EDITED, "Studio", edited=True)
    fill = opened("edit", parent, action("c2pa.edited", COMPOSITE), by="Studio")
    assert find_origin(credential(fill)) == OriginFinding(Origin.AI_EDITED, "Studio", edited=False)
    # Whoever signs, and however trusted: nobody signed it when it was taken.
    copy = find_origin(credential(opened("copy", parent, action("c2pa.transcoded"), by="Studio")))
    assert copy == OriginFinding(Origin.CAMERA_DECLARED, "Studio", edited=False)


@pytest.mark.parametrize("source_type", GENERATIVE)
def test_a_parent_without_credentials_that_is_said_to_be_generated_makes_it_so(source_type: str) -> None:
    edit = opened("edit", ingredient(None, source_type=source_type), action("c2pa.cropped", HUMAN_EDITS), by="Studio")
    assert find_origin(credential(edit)) == OriginFinding(Origin.AI_GENERATED, "Studio", edited=True)


def test_what_is_said_of_a_parent_outweighs_what_is_created_over_it() -> None:
    both = manifest(
        "both", action(CREATED, DIGITAL_CAPTURE), ingredients=(ingredient(None, source_type=IPTC + "digitalArt"),)
    )
    assert find_origin(credential(both)).origin is Origin.UNKNOWN
