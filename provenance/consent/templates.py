"""Templates: what a studio asks, in which words and on which terms; parsed strictly from TOML.

A template is data. What a person reads of it in one language, from the title to the version, is its canonical text; the
digest of that text, in UTF-8, is part of what they sign.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from provenance.canonical import sha256
from provenance.consent.fields import COUNTRY, KINDS, LANGUAGE, MAX_TEXT
from provenance.consent.grants import Decision
from provenance.consent.parties import Notice
from provenance.consent.scopes import Scope
from provenance.consent.vocabulary import (
    CONSENT_BASES,
    EXPLICIT_CONSENT,
    irrevocable_until,
    parse_basis,
    parse_revocability,
)
from provenance.errors import InputError

MAX_TEMPLATE_BYTES: Final = 64 * 1024
MAX_WORDS: Final = 120
MAX_CHARACTERS: Final = 400
MAX_LINE: Final = 200
SIGNERS: Final = ("guardian", "witness", "photographer")
STUDIO: Final = "{studio}"

# They put no space between words, so that characters are counted.
_WITHOUT_SPACES = ("ja", "zh", "th", "lo", "km", "my")
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_TERM = re.compile(r"P([1-9][0-9]?)Y|P([1-9][0-9]{0,3})D", re.ASCII)
# Joiners and marks that Persian, Hindi, Hebrew and others cannot be written without; none hides or reorders a word.
_MARKS = "\u200c\u200d\u200e\u200f"

_REQUIRED = ("id", "version", "kind", "languages", "legal_basis", "revocability", "retention", "scopes", "text")
_OPTIONAL = ("jurisdictions", "term", "signers")
_LINES = ("title", "denied", "signing")


@dataclass(frozen=True, slots=True)
class Asked:
    """One scope that a template asks for.

    Attributes:
        scope: what is decided on.
        default: what stands where the person says nothing.
        legal_basis: a DPV term.
        revocability: when a permission can be taken back.
    """

    scope: Scope
    default: Decision
    legal_basis: str
    revocability: str


@dataclass(frozen=True, slots=True)
class Wording:
    """A template in one language.

    Attributes:
        title: one line.
        text: what is read before the choices.
        permitted: the line above the choices whose default is to permit; None where there are none.
        denied: the line above those whose default is to deny.
        signing: the sentence above the signature.
        choices: what each scope is called.
    """

    title: str
    text: str
    permitted: str | None
    denied: str
    signing: str
    choices: Mapping[Scope, str]


@dataclass(frozen=True, slots=True)
class Template:
    """What is asked, in which words and on which terms.

    Attributes:
        id: lower-case words, joined by `-`.
        version: changes with every change of a word.
        kind: of the record, where all that is asked is permitted.
        asked: every scope that it asks for, in its order.
        wordings: by language, in its order.
        retention: how long the record is kept.
        jurisdictions: ISO 3166 codes, beside the controller's own.
        term: how long permissions last, such as `P2Y` or `P90D`; None without an end.
        signers: who must sign beside the subject and the controller.
    """

    id: str
    version: str
    kind: str
    asked: tuple[Asked, ...]
    wordings: Mapping[str, Wording]
    retention: str
    jurisdictions: tuple[str, ...] = ()
    term: str | None = None
    signers: tuple[str, ...] = ()

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Every scope that it asks for."""
        return tuple(asked.scope for asked in self.asked)

    def wording(self, language: str) -> Wording:
        """Return its words in a language: all of them, or none.

        Raises:
            InputError: it has none in this language; a part of another is never put in its place.
        """
        if language not in self.wordings:
            raise InputError(
                f"template {self.id}: expected one of its languages, got {language!r}",
                code="template-language",
                hint=f"it has {', '.join(self.wordings)}",
            )
        return self.wordings[language]

    def render(self, language: str, *, studio: str) -> str:
        """Return the canonical text: title, text, choices and version, as this studio shows it.

        Raises:
            InputError: it has none in this language.
        """
        words = self.wording(language)
        parts = [words.title, words.text]
        for heading, default in ((words.permitted, "permit"), (words.denied, "deny")):
            lines = [f"- {words.choices[asked.scope]}" for asked in self.asked if asked.default == default]
            if heading is not None and lines:
                parts.append("\n".join([heading, *lines]))
        parts.append(f"{self.id} {self.version} ({language})\n")
        return "\n\n".join(parts).replace(STUDIO, studio)

    def intent(self, language: str, *, studio: str) -> str:
        """Return the sentence above the signature.

        Raises:
            InputError: it has none in this language.
        """
        return self.wording(language).signing.replace(STUDIO, studio)

    def notice(self, language: str, *, studio: str, presented_at: datetime) -> Notice:
        """Return what a record says of the text that was shown, and of the sentence above the signature.

        Raises:
            InputError: it has none in this language.
        """
        digest = sha256(self.render(language, studio=studio).encode())
        intent = sha256(self.intent(language, studio=studio).encode())
        return Notice(self.id, self.version, language, digest, presented_at, intent)

    def last_day(self, first: date) -> date | None:
        """Return the last day of a permission that begins on `first`; None without an end."""
        found = _TERM.fullmatch(self.term or "")
        if found is None:
            return None
        if found[2]:
            return first + timedelta(days=int(found[2]) - 1)
        # A year from 29 February on ends on 28 February, as one from 1 March on does.
        start = first + timedelta(days=1) if (first.month, first.day) == (2, 29) else first
        return start.replace(year=first.year + int(found[1])) - timedelta(days=1)


def parse_template(data: bytes, *, name: str) -> Template:
    """Return the template in a TOML file.

    Args:
        data: of the file.
        name: of the file, such as `stock-release.toml`; its id is the same without the ending.

    Raises:
        InputError: it is malformed; the message names the file and the place in it.
    """
    file = f"templates/{name}"
    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: expected toml: {str(error).lower()}", code="template") from None
    root = _Table(document, file, "")
    root.only(_REQUIRED, _OPTIONAL)
    identity = root.matching("id", _ID, "lower-case words joined by -")
    if f"{identity}.toml" != name:
        raise root.wrong("id", f"{name.removesuffix('.toml')}, as the file is called", identity)
    asked = tuple(_asked(entry, root) for entry in root.tables("scopes"))
    signers = root.words("signers", SIGNERS)
    kind = root.word("kind", KINDS)
    term = root.matching("term", _TERM, "years such as P2Y, or days such as P90D") if "term" in document else None
    _check_asked(root, asked, kind=kind, signers=signers, term=term)
    languages = root.words("languages", None)
    for language in languages:
        if not LANGUAGE.admits(language):
            raise root.wrong("languages", "codes such as de or pt-BR", language)
    if not languages:
        raise root.wrong("languages", "at least one", "none")
    texts = root.table("text")
    texts.only(languages)
    return Template(
        id=identity,
        version=root.matching("version", _VERSION, "up to 32 letters, digits, dots and dashes"),
        kind=kind,
        asked=asked,
        wordings={language: _wording(texts.table(language), language, asked) for language in languages},
        retention=root.line("retention", MAX_LINE),
        jurisdictions=tuple(_country(root, code) for code in root.words("jurisdictions", None)),
        term=term,
        signers=signers,
    )


def _asked(entry: "_Table", root: "_Table") -> Asked:
    entry.only(("scope", "default"), ("legal_basis", "revocability"))
    scope = Scope(entry.word("scope", tuple(Scope)))
    default: Decision = "permit" if entry.word("default", ("permit", "deny")) == "permit" else "deny"
    if default == "permit" and (scope.is_ai or scope.is_biometric):
        raise entry.wrong("default", f"deny, as {scope} is permitted only by whoever says so", default)
    holder = entry if "legal_basis" in entry.members else root
    basis = EXPLICIT_CONSENT if scope.is_biometric and holder is root else holder.read("legal_basis", parse_basis)
    if scope.is_biometric and basis != EXPLICIT_CONSENT:
        raise entry.wrong("legal_basis", f"{EXPLICIT_CONSENT}, as {scope} needs explicit consent", basis)
    if default == "permit" and basis in CONSENT_BASES:
        # GDPR, recital 32: silence, pre-ticked boxes or inactivity are no consent.
        raise entry.wrong("default", f"deny for {scope}, as consent is never given by silence", default)
    holder = entry if "revocability" in entry.members else root
    revocability = holder.read("revocability", parse_revocability)
    if irrevocable_until(revocability) is not None:
        # A day would be right for the first people who sign, and be over for the later ones.
        raise holder.wrong("revocability", "any_time or notice:P30D, as a template outlives a day", revocability)
    if revocability != "any_time" and basis in CONSENT_BASES:
        raise holder.wrong("revocability", f"any_time for {scope}, as consent can be withdrawn", revocability)
    return Asked(scope, default, basis, revocability)


def _check_asked(
    root: "_Table", asked: tuple[Asked, ...], *, kind: str, signers: tuple[str, ...], term: str | None
) -> None:
    scopes = [item.scope for item in asked]
    if not scopes:
        raise root.wrong("scopes", "at least one", "none")
    if doubled := [scope for scope in scopes if scopes.count(scope) > 1]:
        raise root.wrong("scopes", "every scope once", doubled[0])
    ai = [scope for scope in scopes if scope.is_ai]
    if "guardian" in signers and ai:
        raise root.wrong("scopes", "no ai.* for a minor", ai[0])
    if ai and term is None:
        raise root.wrong("term", "one, as consent to AI never lasts forever", "none")
    fitting = "guardian_release" if "guardian" in signers else "model_release"
    if fitting == "model_release" and Scope.AI_GENERATE in scopes:
        fitting = "digital_replica"
    elif fitting == "model_release" and any(scope.is_biometric for scope in scopes):
        fitting = "biometric_release"
    if kind != fitting:
        raise root.wrong("kind", f"{fitting} for these scopes and signers", kind)


def _wording(table: "_Table", language: str, asked: tuple[Asked, ...]) -> Wording:
    choices = [item.scope.value for item in asked]
    expected = any(item.default == "permit" for item in asked)
    table.only((*_LINES, "text", "choices", *(["permitted"] if expected else [])))
    named = table.table("choices")
    named.only(choices)
    title, text = table.line("title", MAX_LINE), table.text("text")
    if language.partition("-")[0] in _WITHOUT_SPACES:
        length, most, unit = len("".join(f"{title}{text}".split())), MAX_CHARACTERS, "characters"
    else:
        length, most, unit = len(f"{title} {text}".split()), MAX_WORDS, "words"
    if length > most:
        raise table.wrong("text", f"at most {most} {unit} with the title", str(length))
    return Wording(
        title=title,
        text=text,
        permitted=table.line("permitted", MAX_LINE) if expected else None,
        denied=table.line("denied", MAX_LINE),
        signing=table.line("signing", MAX_LINE),
        choices={item.scope: named.line(item.scope.value, MAX_LINE) for item in asked},
    )


def _country(root: "_Table", code: str) -> str:
    if not COUNTRY.admits(code):
        raise root.wrong("jurisdictions", "two capital letters such as DE", code)
    return code


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a file, which knows its place in it."""

    members: Mapping[str, Any]
    file: str
    path: str

    def wrong(self, name: str, expected: str, got: str) -> InputError:
        place = f"{self.path}.{name}".lstrip(".")
        return InputError(f"{self.file}: {place}: expected {expected}, got {got[:80]}", code="template")

    def only(self, required: tuple[str, ...] | list[str], optional: tuple[str, ...] = ()) -> None:
        for name in self.members:
            if name not in required and name not in optional:
                raise self.wrong(name[:80], "no such member", "one")
        for name in required:
            if name not in self.members:
                raise self.wrong(name, "it", "nothing")

    def table(self, name: str) -> "_Table":
        value = self.members[name]
        if not isinstance(value, dict):
            raise self.wrong(name, "a table", type(value).__name__)
        return _Table(value, self.file, f"{self.path}.{name}".lstrip("."))

    def tables(self, name: str) -> list["_Table"]:
        values = self.members[name]
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            raise self.wrong(name, "tables", "something else")
        return [_Table(value, self.file, f"{name}[{number}]") for number, value in enumerate(values)]

    def text(self, name: str) -> str:
        """Return a text of one or more lines, without those that are empty at its ends."""
        value = self.members[name]
        if not isinstance(value, str):
            raise self.wrong(name, "text", type(value).__name__)
        value = value.strip("\n")
        if not value.strip() or len(value) > MAX_TEXT:
            raise self.wrong(name, f"1 to {MAX_TEXT} characters", str(len(value)))
        for character in value.replace("\n", ""):
            if not character.isprintable() and character not in _MARKS:
                raise self.wrong(name, "printable characters", f"U+{ord(character):04X}")
        if any(brace in value.replace(STUDIO, "") for brace in "{}"):
            raise self.wrong(name, f"no braces but those of {STUDIO}", "others")
        return value

    def line(self, name: str, most: int) -> str:
        value = self.text(name)
        if "\n" in value or value != value.strip() or len(value) > most:
            raise self.wrong(name, f"one line of up to {most} characters", str(len(value)))
        return value

    def word(self, name: str, known: tuple[str, ...]) -> str:
        value = self.members[name]
        if not isinstance(value, str) or value not in known:
            raise self.wrong(name, f"one of {', '.join(known)}", str(value))
        return value

    def words(self, name: str, known: tuple[str, ...] | None) -> tuple[str, ...]:
        """Return a list of words, none twice; none where it is not there."""
        values = self.members.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self.wrong(name, "a list of words", "something else")
        if len(set(values)) != len(values):
            raise self.wrong(name, "no word twice", "one")
        for value in values:
            if known is not None and value not in known:
                raise self.wrong(name, f"some of {', '.join(known)}", value)
        return tuple(values)

    def matching(self, name: str, pattern: re.Pattern[str], expected: str) -> str:
        value = self.members[name]
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise self.wrong(name, expected, str(value))
        return value

    def read(self, name: str, parse: Any) -> str:  # noqa: ANN401 any parser of the vocabulary
        """Return a word of the vocabulary, written as the vocabulary writes it."""
        value = self.members[name]
        try:
            found: str = parse(value) if isinstance(value, str) else ""
        except InputError:
            found = ""
        if not found or found != value:
            raise self.wrong(name, "a word of the vocabulary", str(value))
        return found
