import dataclasses
from datetime import UTC, datetime

from support.judged import credential, ingredient, manifest, validation

from provenance.verification.chain import MAX_STEPS, chain_of

BROKEN = "assertion.hashedURI.mismatch"


def test_one_manifest_is_one_step() -> None:
    (step,) = chain_of(credential(manifest()))
    assert (step.role, step.actions, step.verifies, step.bare, step.at) == ("active", ("c2pa.created",), True, 0, None)
    assert step.to_json()["issuer"] == "Studio Lümen"


def test_what_it_was_made_from_comes_after_it_by_its_part_in_it() -> None:
    parent, part = ingredient("urn:c2pa:parent"), ingredient("urn:c2pa:part", relationship="componentOf")
    steps = chain_of(
        credential(
            manifest(ingredients=[parent, part, ingredient(None)]),
            manifest("urn:c2pa:parent", issuer="Camera", time=datetime(2026, 11, 23, tzinfo=UTC)),
            manifest("urn:c2pa:part", issuer="Other", ingredients=[ingredient("urn:c2pa:parent")]),
        )
    )
    assert [(step.issuer, step.role, step.bare) for step in steps] == [
        ("Studio Lümen", "active", 1),
        ("Camera", "parentOf", 0),
        ("Other", "componentOf", 0),
    ]
    assert [step.at for step in steps] == [None, "2026-11-23T00:00:00Z", None]


def test_a_step_that_did_not_verify_is_marked_whoever_found_it() -> None:
    parent = manifest("urn:c2pa:parent")
    for found in (ingredient(recorded=[BROKEN]), ingredient(since=[BROKEN])):
        steps = chain_of(credential(manifest(ingredients=[found]), parent))
        assert [step.verifies for step in steps] == [True, False]
    broken = manifest("urn:c2pa:parent", found=validation([BROKEN]))
    assert [step.verifies for step in chain_of(credential(manifest(ingredients=[ingredient()]), broken))] == [
        True,
        False,
    ]


def test_an_issuer_who_is_not_recognised_is_no_flaw_of_a_step() -> None:
    found = ingredient(recorded=["signingCredential.untrusted"])
    steps = chain_of(credential(manifest(ingredients=[found]), manifest("urn:c2pa:parent")))
    assert [step.verifies for step in steps] == [True, True]


def test_a_chain_that_leads_back_ends_and_a_long_one_is_cut() -> None:
    own = ingredient("urn:c2pa:1")
    assert len(chain_of(credential(manifest(ingredients=[own, ingredient("urn:c2pa:nowhere")])))) == 1
    many = [manifest(f"urn:c2pa:{n}", ingredients=[ingredient(f"urn:c2pa:{n + 1}")]) for n in range(MAX_STEPS + 50)]
    assert len(chain_of(credential(*many))) == MAX_STEPS


def test_each_step_has_the_small_picture_that_its_credentials_hold() -> None:
    claim, taken = "c2pa.thumbnail.claim", "c2pa.thumbnail.ingredient__1"
    own = dataclasses.replace(manifest("urn:c2pa:parent"), thumbnails={claim: b"by itself"})
    for parent, shown in ((own, b"by itself"), (manifest("urn:c2pa:parent"), b"as taken in")):
        found = [
            dataclasses.replace(ingredient("urn:c2pa:parent"), thumbnail=taken),
            dataclasses.replace(ingredient(None), thumbnail="c2pa.thumbnail.ingredient__2"),
            dataclasses.replace(ingredient(None), thumbnail="c2pa.thumbnail.ingredient__9"),
        ]
        pictures = {taken: b"as taken in", "c2pa.thumbnail.ingredient__2": b"bare"}
        newest = dataclasses.replace(manifest(ingredients=found), thumbnails=pictures)
        steps = chain_of(credential(newest, parent))
        assert [step.thumbnail for step in steps] == [None, shown]
        assert [step.bare_thumbnails for step in steps] == [(b"bare",), ()]
        assert "thumbnail" not in str(steps[1].to_json())


def test_nothing_is_shown_of_what_does_not_verify() -> None:
    claim, taken = "c2pa.thumbnail.claim", "c2pa.thumbnail.ingredient__1"
    parent = dataclasses.replace(manifest("urn:c2pa:parent"), thumbnails={claim: b"parent"})
    found = dataclasses.replace(ingredient(recorded=[BROKEN]), thumbnail=taken)
    newest = dataclasses.replace(manifest(ingredients=[found]), thumbnails={taken: b"taken in"})
    assert [step.thumbnail for step in chain_of(credential(newest, parent))] == [None, None]
    bare = dataclasses.replace(ingredient(None), thumbnail=taken)
    own = dataclasses.replace(ingredient("urn:c2pa:parent"), thumbnail=taken)
    broken = manifest(ingredients=[bare, own], found=validation([BROKEN]))
    steps = chain_of(credential(dataclasses.replace(broken, thumbnails={taken: b"bare"}), manifest("urn:c2pa:parent")))
    assert [(step.thumbnail, step.bare_thumbnails) for step in steps] == [(None, ()), (None, ())]
