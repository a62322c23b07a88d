"""The catalogue of AI and camera markers, as data: one row a marker.

Shapes are matched in the fields of tools and in structures, never as words in a caption: a picture of somebody from
Midjourney is a photograph. Sources are named as in `docs/reference/evidence.md`, which a test derives from this table.
"""

import re
from collections.abc import Iterator

from provenance.evidence.markers import Condition, Marker, Says, Strength

_DST_FIELDS = ("xmp:Iptc4xmpExt:DigitalSourceType", "c2pa:digitalSourceType")
_SOFTWARE = (
    *("exif:Software", "exif:ProcessingSoftware", "exif:HostComputer", "xmp:tiff:Software", "xmp:xmp:CreatorTool"),
    *("xmp:stEvt:softwareAgent", "xmp:pdf:Producer", "iptc:2:65", "text:Software", "text:software", "text:Source"),
    *("text:exif:Software", "text:Creator Tool", "c2pa:softwareAgent"),
)
_CREDIT = ("xmp:photoshop:Credit", "iptc:2:110", "text:Credit", "text:photoshop:Credit")
_DIRECTIONS = ("xmp:photoshop:Instructions", "iptc:2:40")
_PROMPTS = ("text:Description", "xmp:dc:description", "exif:ImageDescription")
_DESCRIPTIONS = (*_PROMPTS, "iptc:2:120")
_COMMENTS = ("exif:UserComment", "text:Comment")
_PARAMETERS = ("text:parameters", "text:Parameters", *_COMMENTS, "xmp:exif:UserComment", "exif:ImageDescription")
# Matches nothing of a value that is not blank: it may be personal, and is never shown.
_PRESENT = r"\A(?=\s*\S)"
# Some fill a field in to say that there is nothing to say.
_NAMED = r"\A(?!\W*(?:none|no|not used|n[/.]?a|unknown)?\W*\Z).+"
_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"

# Names that are nothing but a generator's. Bare words such as Imagen, Flux, Aurora, Runway or Firefly are not among
# them: they are also names of people, places and other programs.
_GENERATORS = "|".join(
    r"""
    DALL[·.-]?E Midjourney Stable\s?Diffusion SDXL ComfyUI AUTOMATIC1111 stable-diffusion-webui InvokeAI NovelAI
    Fooocus SwarmUI gpt-image Ideogram Adobe\sFirefly Firefly\sImage Leonardo[\s.]AI DreamStudio Draw\sThings
    Bing\sImage\sCreator Microsoft\sDesigner Google\sImagen Imagen\s[2-9] FLUX[.][12] Black\sForest\sLabs
    Luma\sAI Grok\sImagine Stability\sAI Bria\sAI OpenAI\sMedia\sService ChatGPT Made\swith\sGoogle\sAI
    Image\sPlayground
    """.split()
)
_ENHANCERS = "Topaz|Gigapixel|Luminar|Remini|FaceApp|Lensa|Facetune"
_AIGC_FIELDS = ("xmp:TC260:AIGC", "text:AIGC", "exif:UserComment", "exif:ImageDescription")
# One of these makes a JSON text one of the standard, and `Label` alone does not.
_AIGC_MEMBER = r'"(?:ContentProducer|ProduceID|ContentPropagator|PropagateID|ServiceProvider|ReservedCode1)"\s*:'


def _shape(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


def _where(fields: tuple[str, ...], *patterns: str) -> Condition:
    return Condition(fields, _shape(*patterns))


def _name(alternatives: str) -> str:
    """Return the shape of a whole name."""
    return rf"(?<![\w-])(?:{alternatives})(?!\w)"


def _source_type(tail: str, says: Says, strength: Strength) -> Marker:
    code = "source-type." + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", tail).lower()
    shape = rf"(?:\A|/){tail}/?\Z"
    return Marker(code, (_where(_DST_FIELDS, shape),), says, strength, f"IPTC digital source type {tail}", "IPTC")


def _source_types() -> Iterator[Marker]:
    yield _source_type("trainedAlgorithmicMedia", Says.AI, Strength.STRONG)
    yield _source_type("compositeWithTrainedAlgorithmicMedia", Says.AI_CHANGED, Strength.STRONG)
    yield _source_type("compositeSynthetic", Says.AI, Strength.STRONG)
    yield _source_type("trainedAlgorithmicData", Says.AI, Strength.STRONG)
    for tail in (
        "algorithmicMedia",
        "dataDrivenMedia",
        "virtualRecording",
        "softwareImage",
        "digitalCreation",
        "empty",
    ):
        yield _source_type(tail, Says.NO_PHOTOGRAPH, Strength.STRONG)
    for tail in ("composite", "digitalArt", "screenCapture"):
        yield _source_type(tail, Says.COMPOSED, Strength.WEAK)
    yield _source_type("compositeCapture", Says.CAPTURED_MAYBE, Strength.WEAK)
    for tail in ("digitalCapture", "computationalCapture"):
        yield _source_type(tail, Says.CAPTURED, Strength.STRONG)
    for tail in ("negativeFilm", "positiveFilm", "print"):
        yield _source_type(tail, Says.SCANNED, Strength.STRONG)
    for tail in ("humanEdits", "algorithmicallyEnhanced", "minorHumanEdits"):
        yield _source_type(tail, Says.EDITED, Strength.WEAK)


_GENERATED = (
    Marker(
        "a1111.parameters",
        (_where(_PARAMETERS, r"\bSteps: \d{1,5}, ", r"\b(?:Sampler|CFG scale): "),),
        Says.AI,
        Strength.PROOF,
        "AUTOMATIC1111, Forge, SD.Next and others",
        "A1111",
    ),
    Marker(
        "comfyui.prompt",
        (
            _where(
                ("text:prompt", "exif:Make", "exif:Model", "exif:ImageDescription", "exif:DocumentName", *_COMMENTS),
                r'"class_type"\s*:',
                r"\A\s*(?:prompt\s*:\s*)?\{",
            ),
        ),
        Says.AI,
        Strength.PROOF,
        "ComfyUI: the graph that was run",
        "ComfyUI",
    ),
    Marker(
        "comfyui.workflow",
        (
            _where(
                ("text:workflow", "exif:Make", "exif:Model", "exif:ImageDescription", "exif:DocumentName", *_COMMENTS),
                r'"nodes"\s*:\s*\[',
                r"\A\s*(?:workflow\s*:\s*)?\{",
            ),
        ),
        Says.AI,
        Strength.PROOF,
        "ComfyUI: the graph as it was drawn",
        "ComfyUI",
    ),
    Marker(
        "invokeai.metadata",
        (_where(("text:invokeai_metadata", "text:invokeai_graph", "text:sd-metadata"), r"\A\s*\{\s*\""),),
        Says.AI,
        Strength.PROOF,
        "InvokeAI",
        "observed",
    ),
    Marker(
        "invokeai.dream",
        (_where(("text:Dream",), r"-s\s?\d{1,5}\b", r"-[SWHC]\s?\d"),),
        Says.AI,
        Strength.PROOF,
        "InvokeAI, older versions",
        "observed",
    ),
    Marker(
        "fooocus.scheme",
        (_where(("text:fooocus_scheme",), r"\A(?:fooocus|a1111)\s*\Z"),),
        Says.AI,
        Strength.PROOF,
        "Fooocus",
        "observed",
    ),
    Marker(
        "swarmui.parameters",
        (_where(_PARAMETERS, r'"sui_image_params"\s*:\s*\{'),),
        Says.AI,
        Strength.PROOF,
        "SwarmUI",
        "observed",
    ),
    Marker(
        "novelai.signed-hash",
        (_where(_COMMENTS, r'"signed_hash"\s*:\s*"'),),
        Says.AI,
        Strength.PROOF,
        "NovelAI: parameters with a signature",
        "NovelAI",
    ),
    Marker(
        "novelai.title",
        (_where(("text:Title",), r"\AAI generated image\Z"),),
        Says.AI,
        Strength.STRONG,
        "NovelAI",
        "NovelAI",
    ),
    Marker(
        "midjourney.job",
        (_where(_PROMPTS, rf"\bJob ID: {_UUID}\b"),),
        Says.AI,
        Strength.STRONG,
        "Midjourney",
        "observed",
    ),
    Marker(
        "grok.signature",
        (
            _where(("exif:ImageDescription",), r"\ASignature: [A-Za-z0-9+/]{40,}={0,2}\s*\Z"),
            _where(("exif:Artist",), rf"\A{_UUID}\Z"),
        ),
        Says.AI,
        Strength.STRONG,
        "xAI Grok",
        "observed",
    ),
    Marker(
        "google.credit",
        (_where(_CREDIT, r"\A(?:Made|Edited|Created) with Google AI\.?\Z|\AAI-Generated with Google Photos\Z"),),
        Says.AI,
        Strength.STRONG,
        "Gemini, Imagen, Pixel Studio, Google Photos",
        "press",
    ),
    Marker(
        "apple.credit",
        (_where(_CREDIT, r"\AApple (?:Photos Clean Up|Image Playground)\Z"),),
        Says.AI_CHANGED,
        Strength.STRONG,
        "Apple Photos, Image Playground",
        "press",
    ),
    Marker(
        "apple.directions",
        (_where((*_DIRECTIONS, *_DESCRIPTIONS), r"\A(?:Edited|Created) using Generative AI\.?\Z"),),
        Says.AI_CHANGED,
        Strength.STRONG,
        "Apple Photos",
        "press",
    ),
    Marker(
        "samsung.trailer",
        (_where(("trailer",), r'"genAIType\\?"\s*:\s*"?[1-9]\d{0,3}', r"PhotoEditor_Re_Edit_Data"),),
        Says.AI_CHANGED,
        Strength.STRONG,
        "Samsung Galaxy AI",
        "observed",
    ),
    Marker(
        "tc260.generated",
        (_where(_AIGC_FIELDS, r'"Label"\s*:\s*"?1"?\s*[,}]', _AIGC_MEMBER),),
        Says.AI,
        Strength.PROOF,
        "services in China, by GB 45438-2025: generated",
        "TC260",
    ),
    Marker(
        "tc260.suspected",
        (_where(_AIGC_FIELDS, r'"Label"\s*:\s*"?[23]"?\s*[,}]', _AIGC_MEMBER),),
        Says.AI_MAYBE,
        Strength.WEAK,
        "services in China, by GB 45438-2025: possibly generated",
        "TC260",
    ),
    Marker(
        "iptc.ai-system",
        (_where(("xmp:Iptc4xmpExt:AISystemUsed", "xmp:Iptc4xmpExt:AISystemVersionUsed"), _NAMED),),
        Says.AI,
        Strength.STRONG,
        "IPTC Photo Metadata 2025.1: the system",
        "IPTC 2025.1",
    ),
    Marker(
        "iptc.ai-prompt",
        (_where(("xmp:Iptc4xmpExt:AIPromptInformation", "xmp:Iptc4xmpExt:AIPromptWriterName"), _PRESENT),),
        Says.AI,
        Strength.STRONG,
        "IPTC Photo Metadata 2025.1: the prompt",
        "IPTC 2025.1",
    ),
    Marker(
        "tool.generator",
        (_where(_SOFTWARE, _name(_GENERATORS)),),
        Says.AI,
        Strength.STRONG,
        "the name of a generator in a field for programs",
        "observed",
    ),
    Marker(
        "c2pa.invismark",
        (_where(("c2pa:softBinding",), r"\Acom\.microsoft\.invismark\.\d"),),
        Says.AI,
        Strength.STRONG,
        "Microsoft Designer, Copilot and Paint",
        "observed",
    ),
    Marker(
        "huggingface.job",
        (_where(("text:hf-job-id",), r"\A[0-9A-Za-z-]{8,}"),),
        Says.AI_MAYBE,
        Strength.WEAK,
        "Hugging Face",
        "observed",
    ),
    Marker(
        "tool.enhancer",
        (_where(_SOFTWARE, _name(_ENHANCERS)),),
        Says.AI_MAYBE,
        Strength.WEAK,
        "the name of an AI enhancer in a field for programs",
        "C2PA UX",
    ),
)

# A name of a maker or model is one of a camera only if it is no structure in disguise.
_CAMERA_NAME = r"\A(?!\s*(?:prompt|workflow)\s*:)[^{\n]{1,64}\Z"
_MAKE = _where(("exif:Make",), _CAMERA_NAME)
_MODEL = _where(("exif:Model",), _CAMERA_NAME)

_CAMERA = (
    Marker(
        "camera.body-and-lens",
        (
            _MODEL,
            _where(("exif:MakerNote",), _PRESENT),
            _where(("exif:BodySerialNumber",), _PRESENT),
            _where(("exif:LensModel",), r"\A(?!N/A)\S"),
        ),
        Says.CAPTURED,
        Strength.STRONG,
        "a maker's note, the number of the body and the lens together",
        "EXIF",
    ),
    Marker(
        "camera.exposure",
        (
            _MODEL,
            _MAKE,
            _where(("exif:ExposureTime",), r"\A\d+/\d+"),
            _where(("exif:FNumber",), r"\A\d+/\d+"),
            _where(("exif:ISO",), r"\A\d+"),
            _where(("exif:DateTimeOriginal",), r"\A(?:19|20)\d\d:"),
        ),
        Says.CAPTURED_MAYBE,
        Strength.WEAK,
        "maker, model, exposure, aperture, sensitivity and date together",
        "EXIF",
    ),
    Marker(
        "camera.maker-note",
        (_where(("exif:MakerNote",), _PRESENT),),
        Says.CAMERA_NAMED,
        Strength.WEAK,
        "a maker's note",
        "EXIF",
    ),
    Marker("camera.model", (_MODEL, _MAKE), Says.CAMERA_NAMED, Strength.WEAK, "maker and model", "EXIF"),
)

_DOUBTS = (
    Marker(
        "exif.dates",
        (_where(("exif:dates",), r"\A.+\Z"),),
        Says.DOUBTFUL,
        Strength.WEAK,
        "changed a day or more before it was taken",
        "EXIF",
    ),
    Marker(
        "metadata.unreadable",
        (_where(("flaw",), r"\A.+\Z"),),
        Says.DOUBTFUL,
        Strength.WEAK,
        "metadata that break off, are too large or cannot be decoded",
        "own",
    ),
)

CATALOGUE: tuple[Marker, ...] = (*_source_types(), *_GENERATED, *_CAMERA, *_DOUBTS)
"""Every marker, in the order in which the reference lists them."""
