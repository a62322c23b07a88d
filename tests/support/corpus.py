"""A file for every marker of the catalogue, in every field and every container that can carry it."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from support.metadata import (
    COMMENT_INTO,
    EXIF_INTO,
    IPTC_INTO,
    TEXT_INTO,
    TRAILER_INTO,
    XMP_INTO,
    iim,
    tiff,
    xmp,
)

from provenance.evidence import CATALOGUE, Marker

UUID = "0f5a1c2e-3b4d-4e5f-8a6b-7c8d9e0f1a2b"
IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
COMFY_PROMPT = '{"3": {"class_type": "KSampler", "inputs": {"seed": 5}}}'
COMFY_WORKFLOW = '{"last_node_id": 9, "nodes": [{"id": 3, "type": "KSampler"}]}'
PARAMETERS = "a portrait, studio light\nNegative prompt: hat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5"
AIGC = '{"Label":"%s","ContentProducer":"001191","ProduceID":"5","ContentPropagator":"","PropagateID":""}'

# What stands in the field of a marker's first condition; every marker must be named here.
VALUES: Mapping[str, str] = {
    **{
        marker.code: ("http://c2pa.org/digitalsourcetype/" if tail in ("trainedAlgorithmicData", "empty") else IPTC)
        + tail
        for marker in CATALOGUE
        if marker.code.startswith("source-type.")
        for tail in [marker.about.rsplit(" ", 1)[-1]]
    },
    "a1111.parameters": PARAMETERS,
    "comfyui.prompt": f"prompt:{COMFY_PROMPT}",
    "comfyui.workflow": f"Workflow: {COMFY_WORKFLOW}",
    "invokeai.metadata": '{"app_version": "4.2.0", "generation_mode": "txt2img"}',
    "invokeai.dream": '"a portrait" -s 50 -S 1234 -W 512 -H 512 -C 7.5 -A k_lms',
    "fooocus.scheme": "fooocus",
    "swarmui.parameters": '{"sui_image_params": {"prompt": "a portrait", "seed": 5}}',
    "novelai.signed-hash": '{"prompt": "a portrait", "signed_hash": "q83vASNFZ4k="}',
    "novelai.title": "AI generated image",
    "midjourney.job": f"a portrait --ar 3:4 --v 6 Job ID: {UUID}",
    "grok.signature": "Signature: " + "Ab9+" * 16,
    "google.credit": "Made with Google AI",
    "apple.credit": "Apple Photos Clean Up",
    "apple.directions": "Edited using Generative AI",
    "samsung.trailer": 'PhotoEditor_Re_Edit_Data{"originalPath":"","genAIType":3}SEFT',
    "tc260.generated": AIGC % "1",
    "tc260.suspected": AIGC % "2",
    "iptc.ai-system": "DALL-E via ChatGPT Pro",
    "iptc.ai-prompt": "a portrait of somebody",
    "tool.generator": "Adobe Firefly",
    "c2pa.invismark": "com.microsoft.invismark.1",
    "huggingface.job": "66f1a2b3c4d5e6f7",
    "tool.enhancer": "Topaz Photo AI 3.1",
    "camera.body-and-lens": "Z 8",
    "camera.exposure": "Z 8",
    "camera.maker-note": "Nikon maker's note",
    "camera.model": "Z 8",
}
# What else an EXIF block must hold, by the code of the marker.
COMPANIONS: Mapping[str, Mapping[str, object]] = {
    "grok.signature": {"Artist": UUID},
    "camera.body-and-lens": {
        "MakerNote": b"Nikon" + bytes(range(64)),
        "BodySerialNumber": "4001234",
        "LensModel": "Z 85",
    },
    "camera.exposure": {
        "Make": "NIKON",
        "ExposureTime": (1, 125),
        "FNumber": (28, 10),
        "ISO": 200,
        "DateTimeOriginal": "2026:05:17 10:11:12",
    },
    "camera.model": {"Make": "NIKON"},
}
TAGS = {
    **{"ProcessingSoftware": 0x000B, "DocumentName": 0x010D, "ImageDescription": 0x010E, "Make": 0x010F},
    **{"Model": 0x0110, "Software": 0x0131, "ModifyDate": 0x0132, "Artist": 0x013B, "HostComputer": 0x013C},
}
INNER_TAGS = {
    **{"ExposureTime": 0x829A, "FNumber": 0x829D, "ISO": 0x8827, "DateTimeOriginal": 0x9003, "MakerNote": 0x927C},
    **{"UserComment": 0x9286, "BodySerialNumber": 0xA431, "LensModel": 0xA434},
}


@dataclass(frozen=True)
class Specimen:
    """A file that carries one marker.

    Attributes:
        marker: the row of the catalogue.
        field: where the marker lies.
        container: what carries it.
        data: the file.
    """

    marker: Marker
    field: str
    container: str
    data: bytes

    def __str__(self) -> str:
        return f"{self.marker.code}, {self.field}, {self.container}"


def exif_of(values: Mapping[str, object], *, order: str = "<") -> bytes:
    """Return EXIF by the names of its tags; a UserComment is written in UTF-16 as most generators do."""
    first = {TAGS[name]: value for name, value in values.items() if name in TAGS}
    inner: dict[int, object] = {INNER_TAGS[name]: value for name, value in values.items() if name in INNER_TAGS}
    comment = values.get("UserComment")
    if isinstance(comment, str):
        inner[0x9286] = b"UNICODE\x00" + comment.encode("utf-16-be" if order == ">" else "utf-16-le")
    return tiff(first, inner, order=order)


def specimens(marker: Marker) -> Iterator[Specimen]:
    """Yield one file for each field of a marker's first condition and each container that can carry the field."""
    value = VALUES[marker.code]
    for field in marker.conditions[0].fields:
        source, _, name = field.partition(":")
        match source:
            case "exif":
                said: object = value.encode() if name == "MakerNote" else value
                for number, (container, into) in enumerate(EXIF_INTO.items()):
                    values = {name: said, **COMPANIONS.get(marker.code, {})}
                    yield Specimen(marker, field, container, into(exif_of(values, order="<>"[number % 2])))
            case "xmp":
                for number, (container, into) in enumerate(XMP_INTO.items()):
                    yield Specimen(marker, field, container, into(xmp((name, value), element=bool(number % 2))))
            case "iptc":
                record, dataset = map(int, name.split(":"))
                for container, into in IPTC_INTO.items():
                    yield Specimen(marker, field, container, into(iim((2, 0, "\x00\x04"), (record, dataset, value))))
            case "text":
                for container, write in TEXT_INTO.items():
                    yield Specimen(marker, field, f"PNG {container}", write(name, value.encode()))
                for container, comment in COMMENT_INTO.items() if name == "Comment" else ():
                    yield Specimen(marker, field, f"{container} comment", comment(value.encode()))
            case "trailer":
                for container, into in TRAILER_INTO.items():
                    block = b"\x00\x00\xa1\x0a" + struct.pack("<I", 24) + value.encode()
                    yield Specimen(marker, field, f"behind a {container}", into(block))
