"""Stamping files: every one is prepared, a group of them is logged at once, then each is signed and given its name.

Nothing is signed before the entry that covers it is durable. A crash leaves, for each file, either nothing or the
whole stamped picture; stamping again finds the entry that was logged and finishes the work.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from provenance import durable
from provenance.credentials.ingredients import IngredientSource
from provenance.credentials.manifest import StampManifest, Step
from provenance.credentials.signing import ClaimSigner, sign_picture
from provenance.errors import ProvenanceError
from provenance.picture import read_picture
from provenance.stamping.interface import LoggedStamp, StampDesk, StampRequest, StampResult
from provenance.stamping.parallel import Work, workers
from provenance.stamping.preparing import Prepared, Preparer, done, failed, output_exists, unwritable
from provenance.stamping.sources import Sources
from provenance.stamping.statement import state_consent

GROUP_FILES = 64
GROUP_BYTES = 256 * 1024 * 1024


class Stamper:
    """Stamps pictures for one studio."""

    def __init__(self, desk: StampDesk, *, signer: ClaimSigner, jobs: int = 1) -> None:
        """Take what stamping needs.

        Args:
            desk: of the studio; asked by several threads, if there are several jobs.
            signer: signs the claims, likewise.
            jobs: how many pictures are worked on at the same time, at least 1.

        Raises:
            MissingExtraError: the studio asks for fingerprints, and what makes them is not installed.
        """
        self._desk = desk
        self._signer = signer
        self._preparer = Preparer(desk, signer=signer)
        self._jobs = jobs

    def stamp(self, requests: Iterable[StampRequest | StampResult], *, dry_run: bool = False) -> Iterator[StampResult]:
        """Stamp every request, and yield the results in the same order; one bad file never stops the rest.

        Args:
            requests: taken in groups, so that memory stays bounded however many there are; a result among them, of
                a picture that could not even be asked about, is yielded in its place.
            dry_run: go through the gate only, and write nothing anywhere.
        """
        with workers(self._jobs) as work:
            yield from self._stamp(requests, work, dry_run=dry_run)

    def _stamp(
        self, requests: Iterable[StampRequest | StampResult], work: Work, *, dry_run: bool
    ) -> Iterator[StampResult]:
        group: list[Prepared | StampResult] = []
        size = 0
        held = Sources()
        taken: set[Path] = set()
        for found in work(functools.partial(self._prepare, dry_run=dry_run), requests):
            item = _unless_taken(found, taken)
            group.append(item)
            if isinstance(item, Prepared):
                size += len(item.data) + (item.sources.size if item.sources is not held else 0)
                held = item.sources
            if len(group) >= GROUP_FILES or size >= GROUP_BYTES:
                yield from self._finish(group, work)
                group, size, held = [], 0, Sources()
        yield from self._finish(group, work)

    def _prepare(self, request: StampRequest | StampResult, *, dry_run: bool) -> Prepared | StampResult:
        return request if isinstance(request, StampResult) else self._preparer.prepare(request, dry_run=dry_run)

    def _finish(self, group: list[Prepared | StampResult], work: Work) -> Iterator[StampResult]:
        """Log all that are prepared in one append, then sign each."""
        pending = [item.pending for item in group if isinstance(item, Prepared)]
        logged = iter(self._desk.log(pending) if pending else ())
        yield from work(self._sign, [(item, next(logged)) if isinstance(item, Prepared) else item for item in group])

    def _sign(self, found: tuple[Prepared, LoggedStamp] | StampResult) -> StampResult:
        if isinstance(found, StampResult):
            return found
        item, logged = found
        request = item.request
        try:
            with contextlib.ExitStack() as opened:
                over = request.in_place or request.overwrite
                unnamed: list[durable.Unnamed] = []

                def lay_aside(signed: bytes) -> None:
                    request.destination.parent.mkdir(parents=True, exist_ok=True)
                    # What a link points to is replaced, never the link.
                    place = request.destination.resolve() if over else request.destination
                    unnamed.append(opened.enter_context(durable.aside(place, mode=item.mode)))
                    unnamed[0].fill(signed)

                signed = sign_picture(
                    item.metadata.data,
                    self._manifest(item, logged),
                    picture_digest=item.picture.digest,
                    signer=self._signer,
                    lay_aside=lay_aside,
                )
                if logged.fingerprints:
                    self._keep_manifest(item.pending.key, signed)
                if over:
                    unnamed[0].publish_over()
                else:
                    unnamed[0].publish_new()
        except ProvenanceError as error:
            return failed(request, error)
        except FileExistsError:
            # Somebody was quicker; it may have been the same command.
            return self._preparer.existing_output(request, item.pending)
        except (OSError, ValueError) as error:  # the disk, or a name that the system cannot have
            return failed(request, unwritable(request, error))
        result = done(request, "stamped", item.pending, item.metadata)
        kept = logged.fingerprints if self._preparer.keeps_fingerprints else None
        return dataclasses.replace(result, fingerprints=kept)

    def _keep_manifest(self, key: bytes, signed: bytes) -> None:
        store = read_picture(signed).store
        if store is not None:
            self._desk.keep_manifest(key, store.data)

    def _manifest(self, item: Prepared, logged: LoggedStamp) -> StampManifest:
        permit = item.permit
        ingredients = item.sources.to_ingredients(item.edits)
        steps: tuple[Step, ...] = tuple(edit.step for edit in item.edits)
        if item.signed_before:
            # Nothing was done to it since: what its own credentials say, they say.
            media_type = item.picture.format.media_type
            ingredients, steps = (IngredientSource("parent", "parentOf", media_type, item.data),), ()
        return StampManifest(
            declaration=item.request.declaration,
            media_type=item.picture.format.media_type,
            ingredients=ingredients,
            tool=item.request.tool,
            consent=state_consent(self._desk, permit=permit, handles=item.pending.handles.values(), logged=logged),
            training_mining={} if permit is None else permit.training_mining,
            steps=steps,
            computational=item.request.making.computational,
            metadata=item.metadata.properties.to_json(),
            thumbnail=_thumbnail(item) if item.request.thumbnail else None,
        )


def _thumbnail(item: Prepared) -> bytes:
    # Decoding pictures takes a while to import, and few stamps need it.
    from provenance.picture.copies import make_thumbnail

    return make_thumbnail(item.metadata.data)


def _unless_taken(item: Prepared | StampResult, taken: set[Path]) -> Prepared | StampResult:
    """Return what was prepared, unless another one before it takes the same place."""
    if isinstance(item, Prepared):
        destination, in_place = item.request.destination, item.request.in_place
    elif item.outcome == "would-stamp" and item.destination is not None:
        destination, in_place = item.destination, item.destination == item.source
    else:
        return item
    if destination in taken and not in_place:
        source = item.request.source if isinstance(item, Prepared) else item.source
        return StampResult.of_error(source, output_exists(destination))
    taken.add(destination)
    return item
