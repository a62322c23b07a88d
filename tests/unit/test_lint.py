import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.pictures import MEDIA_TYPES, draw_any
from support.studios import make_studio, record_ai_consent, stamped

from provenance.credentials import rubric
from provenance.credentials.lint import RULES, Problem, lint
from provenance.credentials.reading import read_credential
from provenance.picture import read_picture
from provenance.studio import Studio

Document = dict[str, Any]
Change = Callable[[Document], None]

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def report(studio: Studio, path: Path) -> Document:
    """Return what the engine says of a stamped file, as crJSON."""
    data = path.read_bytes()
    picture = read_picture(data)
    read = read_credential(data, picture.format.media_type, anchors=[studio.anchors()], store=picture.store)
    return dict(read.crjson)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Document]]:
    """Return the reports of real stamps: of a fresh picture, of one by AI, and of one stamped before."""
    folder = tmp_path_factory.mktemp("stamps")
    studio = make_studio(folder / "studio")
    code = record_ai_consent(studio).code
    made: dict[str, Document] = {}
    for ending in MEDIA_TYPES:
        fresh = stamped(studio, draw_any(folder, ending), folder / f"camera.{ending}", code=code)
        by_ai = stamped(
            studio,
            draw_any(folder, ending, name="generated"),
            folder / f"ai.{ending}",
            declaration="ai-generated",
            code=code,
            tool="Atelier/7",
        )
        again = stamped(studio, fresh, folder / f"again.{ending}", code=code)
        made |= {f"{path.stem} {ending}": report(studio, path) for path in (fresh, by_ai, again)}
    yield made
    studio.close()


# --- places in a document


def active(document: Document) -> Document:
    found: Document = document["manifests"][0]
    return found


def assertions(document: Document) -> Document:
    found: Document = active(document)["assertions"]
    return found


def claim(document: Document) -> Document:
    found: Document = active(document)["claim.v2"]
    return found


def actions(document: Document) -> list[Document]:
    found: list[Document] = assertions(document)["c2pa.actions.v2"]["actions"]
    return found


def ingredient(document: Document) -> Document:
    found: Document = assertions(document)["c2pa.ingredient.v3"]
    return found


# --- changes


def also(action: str, **members: object) -> Change:
    """Add an action."""
    return lambda document: actions(document).append({"action": action, **members})


def asserted(label: str, /, **members: object) -> Change:
    """Add an assertion."""
    return lambda document: assertions(document).update({label: members})


def failed(code: str) -> Change:
    """Add a failure of the active manifest."""
    return lambda document: active(document)["validationResults"]["failure"].append({"code": code, "url": ""})


def inception(**members: object) -> Change:
    """Change the first action; None takes a member away."""

    def change(document: Document) -> None:
        for name, value in members.items():
            if value is None:
                del actions(document)[0][name]
            else:
                actions(document)[0][name] = value

    return change


def of_ingredient(**members: object) -> Change:
    """Change the ingredient; None takes a member away."""

    def change(document: Document) -> None:
        for name, value in members.items():
            if value is None:
                del ingredient(document)[name]
            else:
                ingredient(document)[name] = value

    return change


def generator(version: object) -> Change:
    return lambda document: claim(document)["claim_generator_info"].update(specVersion=version)


def no_generator_version(document: Document) -> None:
    del claim(document)["claim_generator_info"]["specVersion"]


def generator_as_list(document: Document) -> None:
    claim(document)["claim_generator_info"] = [{**claim(document)["claim_generator_info"], "specVersion": "2.3"}]


def no_generator(document: Document) -> None:
    del claim(document)["claim_generator_info"]


def no_completeness(document: Document) -> None:
    del assertions(document)["c2pa.actions.v2"]["allActionsIncluded"]


def incomplete(document: Document) -> None:
    assertions(document)["c2pa.actions.v2"]["allActionsIncluded"] = False


def converted_and_incomplete(document: Document) -> None:
    incomplete(document)
    also("c2pa.converted")(document)


def another_list_without_completeness(document: Document) -> None:
    assertions(document)["c2pa.actions.v2__1"] = {"actions": []}


def no_results(document: Document) -> None:
    del active(document)["validationResults"]


def results_of_another_kind(document: Document) -> None:
    active(document)["validationResults"] = ["none"]


def first_action_late(document: Document) -> None:
    actions(document).insert(0, {"action": "c2pa.converted"})


def actions_not_created(document: Document) -> None:
    created = claim(document)["created_assertions"]
    created[:] = [entry for entry in created if "c2pa.actions" not in entry["url"]]


def old_actions_created(document: Document) -> None:
    for entry in claim(document)["created_assertions"]:
        entry["url"] = entry["url"].removesuffix(".v2")


def labelled(label: str | None) -> Change:
    return lambda document: active(document).update(label=label)


def version_in_claim(document: Document) -> None:
    claim(document)["specVersion"] = "2.4.0"


def url_in_hash(document: Document) -> None:
    assertions(document)["c2pa.hash.data"]["url"] = "https://example.org/picture"


def no_references(document: Document) -> None:
    actions(document)[0]["parameters"]["ingredients"] = []


def no_parameters(document: Document) -> None:
    del actions(document)[0]["parameters"]


def two_references(document: Document) -> None:
    actions(document)[0]["parameters"]["ingredients"] *= 2


def reviewed(kind: str) -> Change:
    return asserted("org.example.review", reviewRatings=[{"value": 1}], dataSource={"type": kind})


def of_tiff(media_type: str) -> Change:
    def change(document: Document) -> None:
        assertions(document)["c2pa.hash.boxes"] = {"boxes": []}
        assertions(document)["c2pa.asset-type.v2"] = {"dc:format": media_type}

    return change


ORIGINAL = "exif.originalPreservationImage"
NO_RESULTS = ["well_formed_data_present", "well_formed_success", "valid_data_present", "valid_success"]


@dataclass(frozen=True)
class Broken:
    """A document that breaks a rule.

    Attributes:
        rule: which.
        change: what breaks it.
        matches: what the rule names.
        on: the real stamp that is changed.
        rules: every rule that reports, where it is more than the one.
    """

    rule: str
    change: Change
    matches: Sequence[str]
    on: str = "camera jpg"
    rules: Sequence[str] = ()


# One document or more for every rule; each breaks this rule and, but for the rules of the rubric that say the same
# thing twice, no other.
TABLE = {
    "a perceptible change without a source type": Broken(
        "mandatory_dst_for_perceptible_transformations", also("c2pa.filtered"), ["c2pa.filtered"]
    ),
    "a crop without a source type": Broken(
        "mandatory_dst_for_perceptible_transformations", also("c2pa.cropped"), ["c2pa.cropped"]
    ),
    "an older specification": Broken("mandatory_spec_version", generator("2.3.0"), ["2.3.0"]),
    "a newer specification": Broken("mandatory_spec_version", generator("2.40.0"), ["2.40.0"]),
    "a specification of another kind": Broken("mandatory_spec_version", generator(2.4), ["2.4"]),
    "no specification": Broken("mandatory_spec_version", no_generator_version, ["missing"]),
    "an older specification in a list": Broken("mandatory_spec_version", generator_as_list, ["2.3"]),
    "no generator": Broken("mandatory_spec_version", no_generator, ["missing"]),
    "nothing said on completeness": Broken("mandatory_all_actions_included", no_completeness, ["missing"]),
    "a second list that says nothing": Broken(
        "mandatory_all_actions_included", another_list_without_completeness, ["missing"]
    ),
    "an opened picture with a source type": Broken(
        "no_dst_for_opened_action",
        inception(digitalSourceType=IPTC + "digitalCapture"),
        [IPTC + "digitalCapture"],
        on="again jpg",
    ),
    "no validation results, shape": Broken(
        "well_formed_data_present", no_results, ["validationResults"], rules=NO_RESULTS
    ),
    "no validation results, validity": Broken(
        "valid_data_present", results_of_another_kind, ["validationResults"], rules=NO_RESULTS
    ),
    "a malformed assertion": Broken(
        "well_formed_success", failed("assertion.action.malformed"), ["assertion.action.malformed"]
    ),
    "several parents": Broken("well_formed_success", failed("manifest.multipleParents"), ["manifest.multipleParents"]),
    "another picture": Broken("valid_success", failed("assertion.dataHash.mismatch"), ["assertion.dataHash.mismatch"]),
    "no claim signature": Broken("valid_success", failed("claimSignature.missing"), ["claimSignature.missing"]),
    "an inception that is not first": Broken("inception_action_position", first_action_late, ["c2pa.converted"]),
    "actions that nobody made": Broken(
        "inception_action_position", actions_not_created, ["no created actions assertion"]
    ),
    "created actions of the first version": Broken(
        "inception_action_position", old_actions_created, ["self#jumbf=c2pa.assertions/c2pa.actions"]
    ),
    "an assertion of the first drafts": Broken("no_deprecated_assertions", asserted("stds.exif"), ["stds.exif"]),
    "a deprecated assertion": Broken("no_deprecated_assertions", asserted("c2pa.asset-type"), ["c2pa.asset-type"]),
    "an unknown standard assertion": Broken("no_unsupported_assertions", asserted("c2pa.portrait"), ["c2pa.portrait"]),
    "an unknown standard assertion, numbered": Broken(
        "no_unsupported_assertions", asserted("c2pa.portrait__2"), ["c2pa.portrait__2"]
    ),
    "a deprecated action": Broken("no_deprecated_actions", also("c2pa.watermarked"), ["c2pa.watermarked"]),
    "an unknown standard action": Broken(
        "no_unsupported_actions", also("c2pa.beautified", digitalSourceType=IPTC + "humanEdits"), ["c2pa.beautified"]
    ),
    "an assertion under no name of its own": Broken(
        "no_unrecognized_custom_assertions", asserted("portrait"), ["portrait"]
    ),
    "an action under no name of its own": Broken("no_unrecognized_custom_actions", also("beautify"), ["beautify"]),
    "a parameter under no name of its own": Broken(
        "no_unrecognized_custom_action_parameters", inception(parameters={"strength": 3}), ["strength"]
    ),
    "a description in the parameters": Broken(
        "discouraged_legacy_action_parameters", inception(parameters={"description": "taken"}), ["c2pa.created"]
    ),
    "an ingredient in the parameters": Broken(
        "discouraged_legacy_action_parameters", inception(parameters={"ingredient": {"url": "x"}}), ["c2pa.created"]
    ),
    "another name of a manifest": Broken("active_manifest_urn", labelled("urn:uuid:1"), ["urn:uuid:1"]),
    "no name of a manifest": Broken("active_manifest_urn", labelled(None), ["missing"]),
    "ratings by nobody": Broken(
        "review_ratings_datasource", reviewed("humanEntry.anonymous"), ["humanEntry.anonymous"]
    ),
    "ratings by a person": Broken(
        "review_ratings_datasource", reviewed("humanEntry.credentialed"), ["humanEntry.credentialed"]
    ),
    "results of an ingredient without a manifest": Broken(
        "ingredient_v3_no_active_manifest", of_ingredient(activeManifest=None), ["parentOf"], on="again jpg"
    ),
    "a manifest of an ingredient without results": Broken(
        "ingredient_v3_mandatory_validation_results",
        of_ingredient(validationResults=None),
        ["parentOf"],
        on="again jpg",
    ),
    "an unknown relationship": Broken(
        "ingredient_relationship_values", of_ingredient(relationship="cousinOf"), ["cousinOf"], on="again jpg"
    ),
    "a creation without a source type": Broken(
        "mandatory_dst_for_created_action", inception(digitalSourceType=None), ["c2pa.created"]
    ),
    "the specification in the claim": Broken("no_deprecated_claim_fields", version_in_claim, ["specVersion in claim"]),
    "an ingredient with manifest and source type": Broken(
        "ingredient_v3_choice",
        of_ingredient(digitalSourceType=IPTC + "digitalCapture"),
        ["parentOf"],
        on="again jpg",
    ),
    "an original that lies nowhere": Broken(
        "alternative_content_representation_choice", asserted("org.example.original", type=ORIGINAL), [ORIGINAL]
    ),
    "an original that lies in two places": Broken(
        "alternative_content_representation_choice",
        asserted(
            "c2pa.alternative-content-representation",
            parameters={"type": ORIGINAL, "multiAssetPartIndex": 1, "embeddedOriginalPreservationImage": {}},
        ),
        [ORIGINAL],
    ),
    "a reference to actions elsewhere": Broken(
        "forbidden_labels_in_external_references",
        asserted("c2pa.external-reference", label="c2pa.actions.v2", url="https://example.org"),
        ["c2pa.actions.v2"],
    ),
    "a reference to a hash elsewhere": Broken(
        "forbidden_labels_in_external_references",
        asserted("c2pa.external-reference", label="c2pa.hash.data", url="https://example.org"),
        ["c2pa.hash.data"],
    ),
    "a reference to an ingredient elsewhere": Broken(
        "forbidden_labels_in_external_references",
        asserted("c2pa.external-reference", label="c2pa.ingredient.v3", url="https://example.org"),
        ["c2pa.ingredient.v3"],
    ),
    "an address in a hash": Broken("no_url_in_hashes", url_in_hash, ["c2pa.hash.data"]),
    "an opened picture that is not complete": Broken(
        "all_actions_included_opened", incomplete, ["c2pa.opened"], on="again jpg"
    ),
    "an opened picture without its parent": Broken(
        "opened_action_ingredient_reference", no_references, ["c2pa.opened"], on="again jpg"
    ),
    "an opened picture without parameters": Broken(
        "opened_action_ingredient_reference", no_parameters, ["c2pa.opened"], on="again jpg"
    ),
    "an opened picture with two parents": Broken(
        "opened_action_ingredient_reference", two_references, ["c2pa.opened"], on="again jpg"
    ),
    "box hashes in a tiff": Broken("no_box_hash_for_tiff", of_tiff("image/tiff"), ["c2pa.hash.boxes"]),
    "box hashes in a raw file": Broken("no_box_hash_for_tiff", of_tiff("image/x-adobe-dng"), ["c2pa.hash.boxes"]),
}

# What looks like a breach and is none.
HARMLESS: dict[str, tuple[str, Change]] = {
    "a crop with a source type": ("camera jpg", also("c2pa.cropped", digitalSourceType=IPTC + "humanEdits")),
    "a change that nobody sees": ("camera jpg", also("c2pa.converted")),
    "something placed": ("camera jpg", also("c2pa.placed")),
    "an action of one's own": ("camera jpg", also("org.example.beautified")),
    "a later revision of the specification": ("camera jpg", generator("2.4.7")),
    "the specification without a revision": ("camera jpg", generator("2.4")),
    "a fresh picture that is not complete": ("camera jpg", incomplete),
    "an untrusted signer": ("camera jpg", failed("signingCredential.untrusted")),
    "an unknown failure": ("camera jpg", failed("assertion.unheard.of")),
    "a numbered standard assertion": ("camera jpg", asserted("c2pa.ingredient.v3__1")),
    "an assertion of one's own": ("camera jpg", asserted("org.example.portrait")),
    "a parameter of one's own": ("camera jpg", inception(parameters={"org.example.strength": 3})),
    "a standard parameter": ("camera jpg", inception(parameters={"ranges": []})),
    "ratings by a machine": ("camera jpg", reviewed("trustedAlgorithm")),
    "ratings from nowhere": ("camera jpg", asserted("org.example.review", reviewRatings=[], dataSource="somebody")),
    "an ingredient without credentials": ("again jpg", of_ingredient(activeManifest=None, validationResults=None)),
    "an ingredient that is a component": ("again jpg", of_ingredient(relationship="componentOf")),
    "an original that lies in one place": (
        "camera jpg",
        asserted("org.example.original", parameters={"type": ORIGINAL, "multiAssetPartIndex": 0}),
    ),
    "a reference to something else": (
        "camera jpg",
        asserted("c2pa.external-reference", label="org.example.more", url="https://example.org"),
    ),
    "box hashes in another picture": ("camera jpg", of_tiff("image/jpeg")),
    "an assertion that is no object": ("camera jpg", lambda document: assertions(document).update({"org.x": 1})),
    "changes after opening": ("again jpg", converted_and_incomplete),
}


def test_there_are_as_many_rules_as_in_the_rubric() -> None:
    assert len(RULES) == 31


def test_every_rule_is_broken_by_a_document_here() -> None:
    assert {broken.rule for broken in TABLE.values()} == set(RULES)


def test_the_stamps_are_of_every_kind(reports: dict[str, Document]) -> None:
    assert len(reports) == 9
    assert {actions(document)[0]["action"] for document in reports.values()} == {"c2pa.created", "c2pa.opened"}


def test_a_real_stamp_breaks_no_rule(reports: dict[str, Document]) -> None:
    for name, document in reports.items():
        assert lint(document) == [], name


@pytest.mark.parametrize("name", TABLE)
def test_a_broken_document_is_reported_by_its_rule(reports: dict[str, Document], name: str) -> None:
    broken = TABLE[name]
    document = copy.deepcopy(reports[broken.on])
    broken.change(document)
    problems = lint(document)
    assert [problem.rule for problem in problems] == list(broken.rules or [broken.rule])
    (own,) = (problem for problem in problems if problem.rule == broken.rule)
    assert own == Problem(broken.rule, tuple(broken.matches), own.rule == "discouraged_legacy_action_parameters")


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_document_breaks_no_rule(reports: dict[str, Document], name: str) -> None:
    on, change = HARMLESS[name]
    document = copy.deepcopy(reports[on])
    change(document)
    assert document != reports[on]
    assert lint(document) == []


def test_only_the_active_manifest_is_judged(reports: dict[str, Document]) -> None:
    document = copy.deepcopy(reports["again jpg"])
    document["manifests"][1]["label"] = "urn:uuid:1"
    document["manifests"][1]["assertions"]["stds.exif"] = {}
    del document["manifests"][1]["validationResults"]
    assert lint(document) == []


def test_problems_are_reported_in_the_order_of_the_rubric(reports: dict[str, Document]) -> None:
    document = copy.deepcopy(reports["camera jpg"])
    # One breach of every rule that a fresh picture can break.
    breaches = {b.rule: b.change for b in reversed(TABLE.values()) if b.on == "camera jpg" and not b.rules}
    for change in breaches.values():
        change(document)
    found = [problem.rule for problem in lint(document)]
    assert len(found) > 15
    assert found == [rule for rule in RULES if rule in found]


def test_every_match_is_reported(reports: dict[str, Document]) -> None:
    document = copy.deepcopy(reports["camera jpg"])
    for name in ("portrait", "pose"):
        asserted(name)(document)
    assert [problem.matches for problem in lint(document)] == [("portrait", "pose")]


@pytest.mark.parametrize("code", sorted(rubric.WELL_FORMED_ERRORS | rubric.VALID_ERRORS))
def test_every_failure_of_the_rubric_is_reported(reports: dict[str, Document], code: str) -> None:
    document = copy.deepcopy(reports["camera jpg"])
    failed(code)(document)
    expected = "well_formed_success" if code in rubric.WELL_FORMED_ERRORS else "valid_success"
    assert [problem.rule for problem in lint(document)] == [expected]


@pytest.mark.parametrize("document", [{}, {"manifests": []}, {"manifests": [{}]}])
def test_a_report_without_a_manifest_breaks_the_rules_that_ask_for_something(document: Document) -> None:
    found = [problem.rule for problem in lint(document)]
    assert found == ["mandatory_spec_version", *NO_RESULTS, "inception_action_position", "active_manifest_urn"]
