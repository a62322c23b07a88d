"""Ten pictures of ten kinds, and what a check reports of each; all of them drawn, all of the names invented."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.makers import Maker
from support.pictures import draw_png, with_changed_pixels
from support.studios import FixedClock, make_studio, record_consent, stamped

from provenance.consent.scopes import Scope
from provenance.credentials.labels import CONSENT_LABEL
from provenance.credentials.reading import read_credential
from provenance.picture import read_picture
from provenance.pki import TrustAnchors
from provenance.stamping import Making
from provenance.stamping.edits import parse_edits
from provenance.studio import ConsentDesk, Recorded, Studio, StudioStatus
from provenance.verification import Question, Report, StatusSource, verify_file
from provenance.verification.publishing import Publication, judge_publication
from provenance.verification.publishing_files import parse_publishing_policy, shipped_text
from provenance.verification.told import Told
from provenance_cli._demo_pictures import draw_portrait


@dataclass(frozen=True, slots=True)
class ReportCase:
    """One of them.

    Attributes:
        name: of its picture in the documents.
        title: what it is, in a few words.
        truth: what is the case, as only whoever made the file knows.
        report: what was found.
        said: what the policy `corporate-web` says, where it was asked.
    """

    name: str
    title: str
    truth: str
    report: Report
    said: Publication | None = None


def make_cases(folder: Path) -> list[ReportCase]:
    """Return the ten, made anew in `folder` by a studio that is thrown away."""
    bench = _Bench(folder)
    try:
        return [make(bench) for make in _CASES]
    finally:
        bench.studio.close()


class _Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FixedClock()
        self.studio: Studio = make_studio(folder / "studio", "Studio Lumen", clock=self.clock)
        self.consent: Recorded = record_consent(self.studio, permit=("capture", "publish.web", "edit.retouch"))
        self.source = folder / "camera.jpg"
        self.source.write_bytes(draw_portrait(generated=False))

    @property
    def code(self) -> str:
        return self.consent.code

    def photo(self, name: str = "portrait.jpg") -> Path:
        path = self.folder / name
        return path if path.exists() else stamped(self.studio, self.source, path, code=self.code)

    def check(
        self,
        path: Path,
        *,
        scope: Scope | None = Scope.PUBLISH_WEB,
        anchors: list[TrustAnchors] | None = None,
        source: StatusSource | None = None,
        stranger: bool = False,
    ) -> Report:
        return verify_file(
            Path(path.name),
            data=path.read_bytes(),
            question=Question(self.clock.now(), scope),
            anchors=[] if stranger else anchors or [self.studio.anchors()],
            known_logs=[] if stranger else [self.studio.log_key],
            source=None if stranger else source or StudioStatus(self.studio),
        )


def _passed(bench: _Bench) -> ReportCase:
    policy = parse_publishing_policy(shipped_text("corporate-web").encode(), name="corporate-web")
    question = policy.question(Question(bench.clock.now()))
    path = bench.photo()
    report = verify_file(
        Path(path.name),
        data=path.read_bytes(),
        question=question,
        anchors=[bench.studio.anchors()],
        known_logs=[bench.studio.log_key],
        source=StudioStatus(bench.studio),
    )
    said = judge_publication(report, policy=policy, question=question)
    truth = "A photograph as the studio stamped it, and the person agreed to the web. A website asks by its policy."
    return ReportCase("passed", "a photograph with consent", truth, report, said)


def _retouched(bench: _Bench) -> ReportCase:
    changed = bench.folder / "retouched-source.jpg"
    changed.write_bytes(with_changed_pixels(bench.source.read_bytes()))
    making = Making(parent=bench.photo("before.jpg"), edits=parse_edits("retouch"))
    path = stamped(
        bench.studio, changed, bench.folder / "retouched.jpg", declaration="retouched", code=bench.code, making=making
    )
    truth = "The studio retouched a photograph that it had stamped before, and stamped the result."
    return ReportCase("retouched", "a retouched photograph", truth, bench.check(path))


def _generated(bench: _Bench) -> ReportCase:
    drawn = bench.folder / "drawn.jpg"
    drawn.write_bytes(draw_portrait(generated=True))
    path = stamped(bench.studio, drawn, bench.folder / "generated.jpg", declaration="ai-generated", code=None)
    truth = "AI made a portrait of somebody who does not exist, and the studio says so."
    return ReportCase("generated", "a portrait by AI", truth, bench.check(path))


def _tampered(bench: _Bench) -> ReportCase:
    path = bench.folder / "tampered.jpg"
    path.write_bytes(with_changed_pixels(bench.photo().read_bytes()))
    return ReportCase(
        "tampered",
        "changed after it was stamped",
        "Somebody changed the picture itself after it was stamped.",
        bench.check(path),
    )


def _withdrawn(bench: _Bench) -> ReportCase:
    consent = record_consent(bench.studio)
    path = stamped(bench.studio, bench.source, bench.folder / "withdrawn.jpg", code=consent.code)
    ConsentDesk(bench.studio, bench.studio.unlock(None)).withdraw(consent, scopes=None, proof="receipt-secret")
    truth = "A photograph as it was stamped; the person has withdrawn the consent since."
    return ReportCase("withdrawn", "a consent that was withdrawn", truth, bench.check(path))


def _none(bench: _Bench) -> ReportCase:
    truth = "A photograph that nobody ever stamped, or from which the credential was lost on the way."
    return ReportCase("none", "no credential", truth, bench.check(bench.source))


def _stranger(bench: _Bench) -> ReportCase:
    truth = "The first one of these, checked by somebody who has not the studio's trust file."
    return ReportCase("stranger", "an issuer who is not recognised", truth, bench.check(bench.photo(), stranger=True))


def _conflict(bench: _Bench) -> ReportCase:
    maker = Maker("Bright Pictures")
    drawn = draw_png(bench.folder / "drawn.png", text={"parameters": "portrait\nSteps: 30, Sampler: Euler a"})
    path = bench.folder / "disputed.png"
    path.write_bytes(maker.sign(drawn.read_bytes(), "image/png"))
    truth = "Somebody whom the reader trusts signed as a photograph what still holds the settings of an AI program."
    return ReportCase(
        "conflict", "marks of AI under a photograph's credential", truth, bench.check(path, anchors=[maker.anchors])
    )


def _limited(bench: _Bench) -> ReportCase:
    truth = "The first one of these, for an advertisement; the person was not asked about that."
    return ReportCase(
        "limited", "a use that nobody agreed to", truth, bench.check(bench.photo(), scope=Scope.PUBLISH_ADVERTISING)
    )


def _ledger(bench: _Bench) -> ReportCase:
    maker = Maker("Copy & Paste Studio")
    photo = bench.photo().read_bytes()
    credential = read_credential(photo, "image/jpeg", anchors=[], store=read_picture(photo).store)
    borrowed = {"label": CONSENT_LABEL, "data": credential.stamp.assertions[CONSENT_LABEL]}
    other = bench.folder / "other.jpg"
    other.write_bytes(draw_portrait(generated=True))
    path = bench.folder / "borrowed.jpg"
    path.write_bytes(maker.sign(other.read_bytes(), assertions=[borrowed]))
    truth = (
        "Another issuer put the consent and the ledger proof of somebody else's photograph into a picture of its own."
    )
    return ReportCase("ledger", "a borrowed ledger proof", truth, bench.check(path, anchors=[maker.anchors]))


def reports_page(cases: Sequence[ReportCase]) -> str:
    """Return the page of the documents that shows them."""
    parts = [_HEAD]
    for case in cases:
        first, *others = Told.of(case.report, case.said).answers
        parts.append(f"\n## {first.words}: {case.title}\n\n> **{first.words}.** {first.sentence}\n")
        parts += [f">\n> **{other.words}.** {other.sentence}\n" for other in others]
        parts.append(f"\n{case.truth}\n\n![The report: {first.words}](../screenshots/reports/{case.name}.png)\n")
    return "".join(parts)


_HEAD = """\
# Ten reports

What `provenance verify --report` writes for ten files of ten kinds. Above each picture stands what is read first, and
what is the case, which no check can see from the file alone. The studio and the other issuers are invented, and the
pictures that were checked are drawn. `scripts/report_pictures.py` makes all of it anew; a test compares the words with
those of today's reports.
"""
_CASES: tuple[Callable[[_Bench], ReportCase], ...] = (
    _passed,
    _retouched,
    _generated,
    _tampered,
    _withdrawn,
    _none,
    _stranger,
    _conflict,
    _limited,
    _ledger,
)
