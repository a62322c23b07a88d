"""A studio with one consent to everything, and pictures to make one of every kind from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from support.pictures import draw_jpeg
from support.studios import USE, ZOE, record_consent, stamp_file, stamped

from provenance.stamping import Making, StampResult
from provenance.stamping.edits import parse_edits
from provenance.studio import Recorded, Studio, Subject

EVERYTHING = ("capture", "edit.basic", "edit.retouch", "ai.edit", "ai.generate", "publish.web")


def consent_to(studio: Studio, *permit: str, subject: Subject = ZOE) -> Recorded:
    """Record a consent to exactly these scopes, for a year."""
    until = studio.clock.now().date() + timedelta(days=365)
    return record_consent(studio, permit=permit, until=until, use=USE, subject=subject)


def photograph(folder: Path, name: str = "photo", *, seed: int = 1, exif: bool = True) -> Path:
    """Draw a photograph as a camera leaves it."""
    return draw_jpeg(folder / f"{name}.jpg", seed=seed, exif=exif)


@dataclass
class Bench:
    """A studio, a consent, and a folder with a photograph and its stamped self.

    Attributes:
        photo: unsigned, with the data of a camera.
        signed: the same, stamped as from a camera.
    """

    studio: Studio
    folder: Path
    code: str
    photo: Path = field(init=False)
    signed: Path = field(init=False)

    def __post_init__(self) -> None:
        self.photo = photograph(self.folder)
        self.signed = stamped(self.studio, self.photo, self.folder / "signed.jpg", code=self.code)

    def draw(self, name: str = "new", *, seed: int = 7) -> Path:
        """Draw the picture that is to be stamped, without any metadata."""
        return photograph(self.folder, name, seed=seed, exif=False)

    def generated(self, name: str = "generated", *, code: str | None = None, seed: int = 11) -> Path:
        """Return a stamped picture by AI, of nobody real unless a consent is named."""
        source = self.draw(f"{name}-source", seed=seed)
        return stamped(self.studio, source, self.folder / f"{name}.jpg", declaration="ai-generated", code=code)

    def ai_edited(self, name: str = "ai-edited") -> Path:
        """Return a stamped picture in which AI changed a part of the photograph."""
        source = self.draw(f"{name}-source", seed=12)
        making = Making(parent=self.signed)
        target = self.folder / f"{name}.jpg"
        return stamped(self.studio, source, target, declaration="ai-edited", code=self.code, making=making)

    def stamp(
        self,
        declaration: str,
        *,
        source: Path | None = None,
        code: str | None = "",
        output: str = "out.jpg",
        edits: str | None = None,
        parent: Path | None = None,
        inputs: tuple[Path, ...] = (),
        background: Path | None = None,
        computational: bool = False,
        tool: str | None = None,
        confirmation: str | None = None,
        dry_run: bool = False,
    ) -> StampResult:
        """Stamp a new picture, or the one that is named, under the consent to everything, or the one that is named."""
        making = Making(parent, inputs, background, parse_edits(edits) if edits else (), computational)
        return stamp_file(
            self.studio,
            source or self.draw(),
            self.folder / output,
            declaration=declaration,
            code=self.code if code == "" else code,
            tool=tool,
            confirmation=confirmation,
            dry_run=dry_run,
            making=making,
        )

    @property
    def out(self) -> Path:
        """Where a stamped picture goes."""
        return self.folder / "out.jpg"


# One of every frame: its declaration, and what it was made from, by the names of a bench.
FRAMES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "camera": ("camera", {}),
    "computational": ("camera", {"computational": "yes"}),
    "retouched": ("retouched", {"parent": "photo", "edits": "crop,color,retouch,sharpen"}),
    "retouched again": ("retouched", {"parent": "signed"}),
    "retouched with a background": ("retouched", {"parent": "signed", "background": "other"}),
    "ai-edited": ("ai-edited", {"parent": "signed", "edits": "crop,ai-retouch"}),
    "ai-edited from a bare photograph": ("ai-edited", {"parent": "photo"}),
    "hybrid": ("ai-edited", {"parent": "signed", "background": "other"}),
    "ai-generated": ("ai-generated", {}),
    "from photographs": ("ai-generated", {"inputs": "photo,signed"}),
    "derivative": ("derivative", {"parent": "signed"}),
    "cropped derivative": ("derivative", {"parent": "signed", "edits": "crop,resize,transcode"}),
}


def making_of(bench: Bench, frame: str) -> tuple[str, Making]:
    """Return the declaration of a frame and how it is made."""
    declaration, made = FRAMES[frame]
    named = {"photo": bench.photo, "signed": bench.signed}
    if "background" in made:
        named["other"] = photograph(bench.folder, "backdrop", seed=30, exif=False)
    return declaration, Making(
        parent=named.get(made.get("parent", "")),
        inputs=tuple(named[name] for name in made["inputs"].split(",")) if "inputs" in made else (),
        background=named.get(made.get("background", "")),
        edits=parse_edits(made["edits"]) if "edits" in made else (),
        computational="computational" in made,
    )
