"""`provenance demo`: the main job, done in front of the reader."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

import click

from provenance import durable
from provenance.consent.grants import decide
from provenance.consent.receipts import describe
from provenance.consent.scopes import Scope
from provenance.credentials.manifest import Declaration, Tool
from provenance.errors import InputError, RefusedError
from provenance.picture import MAX_PICTURE_BYTES, read_picture, read_stampable
from provenance.stamping import Stamper, StampRequest, StampResult
from provenance.studio import ConsentDesk, Studio, StudioStampDesk, StudioStatus, Subject, UnlockedStudio
from provenance.studio.logbook import Logbook
from provenance.verification import Question, Report, Verdict, verify_file
from provenance_cli._card import print_card
from provenance_cli._output import safe, say, wrapped

SUBJECT = "Zoë Ångström"
STUDIO = "Demonstration Studio"


@click.command("demo")
@click.option(
    "--photo", type=click.Path(path_type=Path, readable=False), help="Use this photograph instead of a drawn one."
)
@click.option(
    "--keep", type=click.Path(path_type=Path, readable=False), metavar="DIR", help="Keep everything in this new folder."
)
def command(*, photo: Path | None, keep: Path | None) -> int:
    """See the whole job done: consent, stamp, check, refusal, withdrawal.

    Everything is real and local: keys, signatures, ledger and credentials are made now and, without --keep, thrown
    away at the end. Nothing goes to the network.
    """
    source = None if photo is None else durable.read(photo, max_bytes=MAX_PICTURE_BYTES)
    with _folder(keep) as folder:
        expected = _Demo(folder, source).run()
    if keep is None:
        _tell("Nothing was kept. Add --keep DIR to look at the files yourself.")
    else:
        place = safe(str(keep))
        _tell(f"Everything is kept in {place}: look around with provenance ledger show --studio {place}")
    return 0 if expected else 3


class _Demo:
    def __init__(self, folder: Path, photo: bytes | None) -> None:
        # Imported here because only a drawn picture needs it.
        from provenance_cli._demo_pictures import draw_portrait

        kind = "" if photo is None else read_stampable(photo).format.name.lower().replace("jpeg", "jpg")
        self._folder = folder
        self._photo = folder / f"photo.{kind or 'jpg'}"
        self._generated = folder / "generated.jpg"
        durable.create(self._photo, photo if photo is not None else draw_portrait(generated=False))
        durable.create(self._generated, draw_portrait(generated=True))
        self._drawn = photo is None
        self._step = 0

    def run(self) -> bool:
        """Do all steps; return whether each ended as it should."""
        self._say("A studio", "Making a studio: its keys, its certificate, and a ledger with one entry.")
        studio = Studio.create(self._folder, name=STUDIO, country="DE", passphrase=None)
        _tell(f"the ledger's name is {studio.settings.log_origin}")
        _tell("its keys are not sealed, which is fine for a demonstration only")
        try:
            return self._with(studio, studio.unlock(None))
        finally:
            studio.close()

    def _with(self, studio: Studio, keys: UnlockedStudio) -> bool:
        desk = ConsentDesk(studio, keys)
        stamper = Stamper(StudioStampDesk(keys), signer=keys.claim_signer())

        self._say(
            "A consent",
            f"{SUBJECT} permits photographs and their publication on the web, and refuses AI. Each decision is signed; "
            "the name goes to a sealed vault.",
        )
        grants = decide(
            permit=[Scope.CAPTURE, Scope.PUBLISH_WEB],
            deny=[Scope.AI_EDIT, Scope.AI_GENERATE, Scope.AI_TRAIN],
            since=studio.clock.now().date(),
            until=None,
            territory=[],
            use=None,
        )
        recorded = desk.record(Subject(SUBJECT), grants)
        receipt = desk.receipt(recorded)
        receipt.verify()
        for line in describe(grants):
            _tell(f"{line}")
        _tell(f"consent {recorded.code}; the receipt holds the secret that withdraws it")

        said = "the drawn portrait stands for a photograph" if self._drawn else "your photograph"
        self._say("A stamp", f"Stamping as taken by a camera ({said}), bound to that consent.")
        stamped = self._folder / "stamped" / self._photo.name
        first = self._stamp(stamper, StampRequest(self._photo, stamped, Declaration.CAMERA, (recorded.code,)))
        if first.outcome != "stamped":
            raise RefusedError("demonstration: this photograph cannot be stamped", hint="try another photograph")

        self._say("A check", "May it go on the web? Asking as the studio, which knows its own consents.")
        passed = self._verify(studio, stamped, Scope.PUBLISH_WEB)

        self._say("A refusal", "Trying to pass the same picture off as made by AI from this person.")
        lie = StampRequest(
            self._photo, self._folder / "lie" / self._photo.name, Declaration.AI_GENERATED, (recorded.code,)
        )
        refused = self._stamp(stamper, lie)

        self._say("An AI picture", "Stamping an AI picture of somebody who does not exist, and saying so.")
        generated = self._folder / "stamped" / self._generated.name
        request = StampRequest(self._generated, generated, Declaration.AI_GENERATED, (), Tool("Demonstration", "1"))
        second = self._stamp(stamper, request)
        ai = self._verify(studio, generated, None)

        self._say("A forgery", "Changing one byte of the stamped photograph, in the picture itself.")
        forged = self._folder / f"forged{self._photo.suffix}"
        durable.create(forged, _with_one_byte_changed(stamped.read_bytes()))
        forgery = self._verify(studio, forged, Scope.PUBLISH_WEB)

        self._say("A withdrawal", f"{SUBJECT} withdraws with the secret on the receipt. Checking the photograph again.")
        desk.withdraw(desk.find_by_secret(receipt.secret), scopes=None, proof="receipt-secret")
        withdrawn = self._verify(studio, stamped, Scope.PUBLISH_WEB)
        _tell("Withdrawing does not undo what was lawful before; from now on, everyone who asks learns of it.")

        self._say("The ledger", "Recomputing it from its entries, and comparing with everything that was signed.")
        report = Logbook(studio).audit()
        _tell(f"whole: {report.entries} entries, {report.checkpoints} checkpoints, and nobody's name in any of them")
        say()
        return (
            passed.verdict is Verdict.PASSED
            and refused.outcome == "refused"
            and second.outcome == "stamped"
            and ai.verdict is Verdict.PASSED
            and forgery.verdict is Verdict.FAILED
            and withdrawn.verdict is Verdict.FAILED
            and withdrawn.consent_then.code == "in-force"
            and withdrawn.consent_now.code == "withdrawn"
        )

    def _say(self, title: str, sentence: str) -> None:
        self._step += 1
        say()
        say(f"{self._step}. {title}")
        _tell(sentence)

    def _stamp(self, stamper: Stamper, request: StampRequest) -> StampResult:
        (result,) = stamper.stamp([request])
        if result.outcome == "stamped":
            _tell(f"stamped: {request.destination.name}")
        else:
            _tell(f"{result.outcome}: {safe(result.message or '')}")
        return result

    def _verify(self, studio: Studio, path: Path, scope: Scope | None) -> Report:
        report = verify_file(
            path,
            question=Question(studio.clock.now(), scope),
            anchors=[studio.anchors()],
            known_logs=[studio.log_key],
            source=StudioStatus(studio),
        )
        say()
        print_card(report, title=path.name)
        return report


def _tell(sentence: str) -> None:
    """Print something that a step did, folded to the terminal."""
    say(wrapped("", sentence, width=3))


def _with_one_byte_changed(data: bytes) -> bytes:
    """Return `data` with one bit flipped in its coded picture: one that changes the picture digest."""
    right = read_picture(data).digest
    middle = len(data) // 2
    for position in chain(range(middle, len(data)), range(middle)):
        changed = bytearray(data)
        changed[position] ^= 0x01
        with suppress(InputError):
            if read_picture(bytes(changed)).digest != right:
                return bytes(changed)
    raise AssertionError("every file holds a part of its picture")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        if keep.exists() and any(keep.iterdir()):
            raise RefusedError(f"{keep}: expected a new or empty folder", code="demo-folder", hint="name another one")
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="provenance-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
