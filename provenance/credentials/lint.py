"""The rules of the C2PA asset conformance rubric 0.2 for specification 2.4, as a lint over crJSON.

Rule names, lists and meanings are those of `asset-rubric-conformance0.2-spec2.4.yml` (31 rules), published by the
C2PA conformance task force under CC BY 4.0. The SDK enforces only some of them when it signs.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provenance.credentials import rubric

EXPECTED_SPEC = ("2", "4")


@dataclass(frozen=True, slots=True)
class Problem:
    """A rule that a manifest breaks, and what broke it."""

    rule: str
    matches: tuple[str, ...]
    warning: bool


class _View:
    """The active manifest as the rules look at it."""

    def __init__(self, crjson: Mapping[str, Any]) -> None:
        manifests = crjson.get("manifests") or [{}]
        self.manifest: Mapping[str, Any] = manifests[0]
        self.assertions: Mapping[str, Any] = self.manifest.get("assertions") or {}
        self.claim: Mapping[str, Any] = self.manifest.get("claim.v2") or {}
        self.objects = [a for a in self.assertions.values() if isinstance(a, dict)]
        self.action_lists = [a for a in self.objects if a.get("actions") is not None]
        self.actions: list[dict[str, Any]] = [a for entry in self.action_lists for a in entry["actions"]]
        self.ingredients = [a for a in self.objects if a.get("relationship") is not None]
        self.failures: list[str] = [s["code"] for s in (self.results or {"failure": []}).get("failure") or []]

    @property
    def results(self) -> Mapping[str, Any] | None:
        found = self.manifest.get("validationResults")
        return found if isinstance(found, dict) else None

    @property
    def generator(self) -> Mapping[str, Any]:
        info = self.claim.get("claim_generator_info") or {}
        return info[0] if isinstance(info, list) else info


def lint(crjson: Mapping[str, Any]) -> list[Problem]:
    """Return every rule that the active manifest of a crJSON report breaks, in the rubric's order."""
    view = _View(crjson)
    problems = []
    for rule, check in RULES.items():
        matches = tuple(str(match) for match in check(view))
        if matches:
            problems.append(Problem(rule, matches, warning=rule in _WARNINGS))
    return problems


def _perceptible_without_source_type(view: _View) -> Iterator[str]:
    exempt = rubric.INCEPTION_ACTIONS | rubric.NON_EDITORIAL_ACTIONS | rubric.SOURCE_TYPE_EXEMPT_ACTIONS
    for action in view.actions:
        name = action.get("action", "")
        if name.startswith("c2pa.") and name not in exempt and action.get("digitalSourceType") is None:
            yield name


def _spec_version(view: _View) -> Iterator[str]:
    version = view.generator.get("specVersion")
    if not isinstance(version, str) or tuple(version.split(".")[:2]) != EXPECTED_SPEC:
        yield str(version or "missing")


def _all_actions_included(view: _View) -> Iterator[str]:
    yield from ("missing" for entry in view.action_lists if entry.get("allActionsIncluded") is None)


def _source_type_on_opened(view: _View) -> Iterator[str]:
    opened = (a for a in view.actions if a.get("action") == "c2pa.opened")
    yield from (a["digitalSourceType"] for a in opened if a.get("digitalSourceType") is not None)


def _results_missing(view: _View) -> Iterator[str]:
    if view.results is None:
        yield "validationResults"


def _malformed(view: _View) -> Iterator[str]:
    yield from (code for code in view.failures if code in rubric.WELL_FORMED_ERRORS)
    yield from _results_missing(view)


def _mismatched(view: _View) -> Iterator[str]:
    yield from (code for code in view.failures if code in rubric.VALID_ERRORS)
    yield from _results_missing(view)


def _inception_position(view: _View) -> Iterator[str]:
    created = [str(e.get("url")) for e in view.claim.get("created_assertions") or []]
    first = next((url for url in created if "c2pa.actions" in url), "")
    names = [a.get("action") for a in view.actions]
    if not first.endswith("c2pa.actions.v2"):
        yield first or "no created actions assertion"
    elif "c2pa.created" in names and names[0] not in rubric.INCEPTION_ACTIONS:
        yield str(names[0])


def _deprecated_assertions(view: _View) -> Iterator[str]:
    yield from (k for k in view.assertions if k.startswith("stds.") or k in rubric.DEPRECATED_ASSERTIONS)


def _unsupported_assertions(view: _View) -> Iterator[str]:
    for label in view.assertions:
        base = label.split("__")[0]
        if label.startswith("c2pa.") and base not in rubric.ALLOWED_ASSERTIONS | rubric.DEPRECATED_ASSERTIONS:
            yield label


def _deprecated_actions(view: _View) -> Iterator[str]:
    yield from (a["action"] for a in view.actions if a.get("action") in rubric.DEPRECATED_ACTIONS)


def _unsupported_actions(view: _View) -> Iterator[str]:
    names = (a.get("action", "") for a in view.actions)
    yield from (name for name in names if name.startswith("c2pa.") and name not in rubric.ALLOWED_ACTIONS)


def _custom_assertions(view: _View) -> Iterator[str]:
    yield from (label for label in view.assertions if not label.startswith("c2pa.") and "." not in label)


def _custom_actions(view: _View) -> Iterator[str]:
    names = (a.get("action", "") for a in view.actions)
    yield from (name for name in names if not name.startswith("c2pa.") and "." not in name)


def _custom_parameters(view: _View) -> Iterator[str]:
    for action in view.actions:
        for name in action.get("parameters") or {}:
            if name not in rubric.STANDARD_PARAMETERS and "." not in name:
                yield name


def _legacy_parameters(view: _View) -> Iterator[str]:
    for action in view.actions:
        parameters = action.get("parameters") or {}
        if parameters.get("description") is not None or parameters.get("ingredient") is not None:
            yield action.get("action", "")


def _manifest_urn(view: _View) -> Iterator[str]:
    label = str(view.manifest.get("label") or "")
    if not label.startswith("urn:c2pa:"):
        yield label or "missing"


def _human_review_ratings(view: _View) -> Iterator[str]:
    for entry in view.objects:
        source = entry.get("dataSource")
        kind = source.get("type") if isinstance(source, dict) else None
        if entry.get("reviewRatings") is not None and kind in rubric.HUMAN_ENTRY_TYPES:
            yield str(kind)


def _results_without_manifest(view: _View) -> Iterator[str]:
    for ingredient in view.ingredients:
        if ingredient.get("activeManifest") is None and ingredient.get("validationResults") is not None:
            yield str(ingredient["relationship"])


def _manifest_without_results(view: _View) -> Iterator[str]:
    for ingredient in view.ingredients:
        if ingredient.get("activeManifest") is not None and ingredient.get("validationResults") is None:
            yield str(ingredient["relationship"])


def _relationships(view: _View) -> Iterator[str]:
    values = (i["relationship"] for i in view.ingredients)
    yield from (value for value in values if value not in rubric.RELATIONSHIPS)


def _created_without_source_type(view: _View) -> Iterator[str]:
    for action in view.actions:
        if action.get("action") == "c2pa.created" and action.get("digitalSourceType") is None:
            yield "c2pa.created"


def _deprecated_claim_fields(view: _View) -> Iterator[str]:
    if view.claim.get("specVersion") is not None:
        yield "specVersion in claim"


def _manifest_and_source_type(view: _View) -> Iterator[str]:
    for ingredient in view.ingredients:
        if ingredient.get("activeManifest") is not None and ingredient.get("digitalSourceType") is not None:
            yield str(ingredient["relationship"])


def _alternative_content(view: _View) -> Iterator[str]:
    kind = "exif.originalPreservationImage"
    for entry in view.objects:
        found = entry.get("parameters")
        parameters: Mapping[str, Any] = found if isinstance(found, dict) else {}
        if kind not in (entry.get("type"), parameters.get("type")):
            continue
        choices = ("multiAssetPartIndex", "embeddedOriginalPreservationImage")
        if sum(parameters.get(name) is not None for name in choices) != 1:
            yield kind


def _external_references(view: _View) -> Iterator[str]:
    for entry in view.objects:
        label = entry.get("label")
        if label is None or entry.get("url") is None or entry.get("relationship") is not None:
            continue
        forbidden = label in rubric.FORBIDDEN_REFERENCES
        if forbidden or label.startswith(("c2pa.hash", "c2pa.ingredient")):
            yield label


def _url_in_hashes(view: _View) -> Iterator[str]:
    for label in ("c2pa.hash.data", "c2pa.hash.bmff.v3"):
        entry = view.assertions.get(label)
        if isinstance(entry, dict) and entry.get("url") is not None:
            yield label


def _opened_complete(view: _View) -> Iterator[str]:
    entry = view.assertions.get("c2pa.actions.v2")
    complete = isinstance(entry, dict) and entry.get("allActionsIncluded") is True
    if len(view.actions) == 1 and view.actions[0].get("action") == "c2pa.opened" and not complete:
        yield "c2pa.opened"


def _opened_reference(view: _View) -> Iterator[str]:
    for action in view.actions:
        references = (action.get("parameters") or {}).get("ingredients")
        if action.get("action") == "c2pa.opened" and len(references or []) != 1:
            yield "c2pa.opened"


def _box_hash_for_tiff(view: _View) -> Iterator[str]:
    kind = view.assertions.get("c2pa.asset-type.v2")
    media_type = kind.get("dc:format") if isinstance(kind, dict) else None
    if "c2pa.hash.boxes" in view.assertions and media_type in rubric.TIFF_MEDIA_TYPES:
        yield "c2pa.hash.boxes"


RULES: Mapping[str, Callable[[_View], Iterator[str]]] = {
    "mandatory_dst_for_perceptible_transformations": _perceptible_without_source_type,
    "mandatory_spec_version": _spec_version,
    "mandatory_all_actions_included": _all_actions_included,
    "no_dst_for_opened_action": _source_type_on_opened,
    "well_formed_data_present": _results_missing,
    "well_formed_success": _malformed,
    "valid_data_present": _results_missing,
    "valid_success": _mismatched,
    "inception_action_position": _inception_position,
    "no_deprecated_assertions": _deprecated_assertions,
    "no_unsupported_assertions": _unsupported_assertions,
    "no_deprecated_actions": _deprecated_actions,
    "no_unsupported_actions": _unsupported_actions,
    "no_unrecognized_custom_assertions": _custom_assertions,
    "no_unrecognized_custom_actions": _custom_actions,
    "no_unrecognized_custom_action_parameters": _custom_parameters,
    "discouraged_legacy_action_parameters": _legacy_parameters,
    "active_manifest_urn": _manifest_urn,
    "review_ratings_datasource": _human_review_ratings,
    "ingredient_v3_no_active_manifest": _results_without_manifest,
    "ingredient_v3_mandatory_validation_results": _manifest_without_results,
    "ingredient_relationship_values": _relationships,
    "mandatory_dst_for_created_action": _created_without_source_type,
    "no_deprecated_claim_fields": _deprecated_claim_fields,
    "ingredient_v3_choice": _manifest_and_source_type,
    "alternative_content_representation_choice": _alternative_content,
    "forbidden_labels_in_external_references": _external_references,
    "no_url_in_hashes": _url_in_hashes,
    "all_actions_included_opened": _opened_complete,
    "opened_action_ingredient_reference": _opened_reference,
    "no_box_hash_for_tiff": _box_hash_for_tiff,
}

_WARNINGS = frozenset({"discouraged_legacy_action_parameters"})
