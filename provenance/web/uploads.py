"""Pictures that are sent to be checked: read into memory, and nowhere else."""

from dataclasses import dataclass
from typing import Final

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from provenance.errors import InputError

MAX_FILES: Final = 12
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
# The boundaries and the other fields of a form come on top.
MAX_UPLOAD_BYTES: Final = MAX_FILE_BYTES + 1024 * 1024
MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent.

    Attributes:
        name: as its sender calls it, without folders; hostile.
        data: its bytes.
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """What a form brought.

    Attributes:
        files: in order.
        fields: the first text of every other field.
    """

    files: tuple[Upload, ...]
    fields: dict[str, str]


class _InMemory(MultiPartParser):
    # The parser would put what is larger into a file.
    spool_max_size = MAX_UPLOAD_BYTES + 1


async def read_sent(request: Request) -> Sent:
    """Return the files and fields of a multipart form.

    Raises:
        InputError: it is no such form, or has more parts than it may have.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InputError("upload: expected multipart/form-data with files", code="upload-form")
    parser = _InMemory(request.headers, request.stream(), max_files=MAX_FILES, max_fields=20, max_part_size=64 * 1024)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise InputError(f"upload: {error.message.lower().rstrip('.')}", code="upload-form") from None
    except (KeyError, ValueError, AssertionError):
        raise InputError("upload: expected multipart/form-data with files", code="upload-form") from None
    try:
        files: list[Upload] = []
        fields: dict[str, str] = {}
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    files.append(Upload(_name(value.filename), await value.read()))
            else:
                fields.setdefault(name, value)
    finally:
        await form.close()
    return Sent(tuple(files), fields)


def _name(text: str) -> str:
    """Return a file's name without folders, in one line of harmless characters."""
    last = text.replace("\\", "/").rpartition("/")[2]
    shown = "".join(character if character.isprintable() else "\ufffd" for character in last)
    return shown[:MAX_NAME] or "picture"
