"""Whom to believe: known logs, known witnesses, and how many must have cosigned (c2sp.org/tlog-policy).

A policy file is octets, not text: names are compared octet by octet, and whatever is not ASCII means nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from provenance.checkpoint import Checkpoint, LogKey, parse_checkpoint_text, verify_log_signature
from provenance.cosignature import CosignatureKey
from provenance.errors import InputError, VerificationError
from provenance.note import ED25519, NoteKey, NoteVerifier, parse_note, split_vkey

NONE = "none"
MAX_POLICY_BYTES = 1024 * 1024
MAX_EACH = 256
"""As many logs, witnesses and groups may there be, each (implementation limits: at least 32)."""

_Item = TypeVar("_Item")

_WHITE_SPACE = re.compile(r"[ \t]+")
_REFUSED_OCTETS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log that is believed.

    Attributes:
        key: its name is the log's origin; Ed25519, or a key for cosignatures.
        url: where the log is, if that is said.
    """

    key: NoteKey | CosignatureKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness that counts.

    Attributes:
        name: what groups and the quorum call it; it means nothing elsewhere.
        key: what it cosigns with.
        url: its submission prefix, if that is said.
    """

    name: str
    key: CosignatureKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """Witnesses and groups of which some must have witnessed.

    Attributes:
        name: what other groups and the quorum call it.
        threshold: how many of the members, from 1 to all.
        members: names that come before this one in the policy.
    """

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that a policy accepts.

    Attributes:
        checkpoint: what the log says of itself.
        witnesses: when each of the policy's witnesses cosigned it, by its name in the policy.
    """

    checkpoint: Checkpoint
    witnesses: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Policy:
    """Known logs, known witnesses and the quorum.

    Attributes:
        logs: may be none, where the log is known from elsewhere.
        witnesses: those that groups and the quorum may name.
        groups: each after those that it names.
        quorum: a witness, a group, or `none` if nobody needs to cosign.
    """

    logs: tuple[PolicyLog, ...] = ()
    witnesses: tuple[PolicyWitness, ...] = ()
    groups: tuple[PolicyGroup, ...] = ()
    quorum: str = NONE

    def __post_init__(self) -> None:
        rules = _Rules()
        try:
            for log in self.logs:
                rules.add_log(log)
            for witness in self.witnesses:
                rules.add_witness(witness)
            for group in self.groups:
                rules.add_group(group)
            rules.add_quorum(self.quorum)
        except ValueError as error:
            raise InputError(f"policy: {error}") from None

    def to_bytes(self) -> bytes:
        """Return the policy as a file: logs, witnesses, groups, quorum."""
        lines = [f"log {log.key.to_text()}{_tail(log.url)}" for log in self.logs]
        lines += [f"witness {w.name} {w.key.to_text()}{_tail(w.url)}" for w in self.witnesses]
        lines += [f"group {g.name} {_threshold_word(g)} {' '.join(g.members)}" for g in self.groups]
        lines.append(f"quorum {self.quorum}")
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

    def verify(
        self, data: bytes, *, log_keys: Sequence[NoteVerifier | LogKey] | None = None, extensions: bool = False
    ) -> VerifiedCheckpoint:
        """Return the checkpoint in `data` after its log was seen to have signed it, and the quorum to have cosigned it.

        Args:
            data: a signed note.
            log_keys: keys of the log that are known from elsewhere, in place of the logs of this policy.
            extensions: whether lines behind the first three are taken, as in `parse_checkpoint_text`.

        Raises:
            InputError: it is no checkpoint.
            VerificationError: the log did not sign it, a signature of a known key is wrong, or the quorum is not met.
        """
        note = parse_note(data)
        checkpoint = parse_checkpoint_text(note.text, extensions=extensions)
        verify_log_signature(note, checkpoint, keys=[log.key for log in self.logs] if log_keys is None else log_keys)
        times = {w.name: w.key.verify(note) for w in self.witnesses if note.signatures_of(w.key)}
        self.check_quorum(times)
        return VerifiedCheckpoint(checkpoint, MappingProxyType(times))

    def check_quorum(self, times: Mapping[str, datetime]) -> None:
        """Check that the witnesses that cosigned are as many as the quorum asks for.

        Args:
            times: when each of them cosigned, by its name in this policy.

        Raises:
            VerificationError: they are fewer (`quorum-missing`).
        """
        if self.quorum != NONE and not self._is_witnessed(self.quorum, times):
            needed = self._witnesses_of(self.quorum)
            missing = ", ".join(name for name in needed if name not in times)
            found = ", ".join(name for name in needed if name in times) or "nobody"
            raise VerificationError(
                f"checkpoint: expected cosignatures of the quorum {self.quorum}, got those of {found}, "
                f"missing {missing}",
                code="quorum-missing",
            )

    def _is_witnessed(self, name: str, times: Mapping[str, datetime]) -> bool:
        group = self._group(name)
        if group is None:
            return name in times
        return sum(self._is_witnessed(member, times) for member in group.members) >= group.threshold

    def _witnesses_of(self, name: str) -> list[str]:
        group = self._group(name)
        return [name] if group is None else [w for member in group.members for w in self._witnesses_of(member)]

    def _group(self, name: str) -> PolicyGroup | None:
        return next((group for group in self.groups if group.name == name), None)


def parse_policy(data: bytes) -> Policy:
    """Return the policy in a file, read strictly.

    Raises:
        InputError: anything that the specification does not allow, with its line.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise InputError(f"policy: expected at most {MAX_POLICY_BYTES} bytes, got {len(data)}")
    rules, number = _Rules(), 0
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            _parse_line(line, rules)
        except (ValueError, InputError) as error:
            raise InputError(f"policy line {number}: {error}") from None
    if data and not data.endswith(b"\n"):
        raise InputError(f"policy line {number}: expected a newline at its end")
    if rules.quorum is None:
        raise InputError("policy: expected a quorum line, got none")
    return Policy(tuple(rules.logs), tuple(rules.witnesses), tuple(rules.groups), rules.quorum)


def _parse_line(line: bytes, rules: "_Rules") -> None:
    refused = _REFUSED_OCTETS.search(line)
    if refused is not None:
        raise ValueError(f"expected no control characters other than tab, got 0x{refused[0].hex()}")
    # One octet stays one thing to compare: what is no UTF-8 becomes characters that nothing else becomes.
    text = line.decode("utf-8", "surrogateescape").strip(" \t")
    if not text or text.startswith("#"):
        return
    match _WHITE_SPACE.split(text):
        case ["log", vkey, *url] if len(url) <= 1:
            rules.add_log(PolicyLog(parse_log_key(vkey), url[0] if url else None))
        case ["witness", name, vkey, *url] if len(url) <= 1:
            rules.add_witness(PolicyWitness(name, CosignatureKey.from_text(vkey), url[0] if url else None))
        case ["group", name, threshold, *members] if members:
            rules.add_group(PolicyGroup(name, _threshold(threshold, len(members)), tuple(members)))
        case ["quorum", name]:
            rules.add_quorum(name)
        case [word, *_] if word in _FORMS:
            raise ValueError(f"expected {_FORMS[word]}")
        case [word, *_]:
            raise ValueError(f"expected log, witness, group or quorum, got {word[:40]!r}")


_FORMS = {
    "log": "log, a key and perhaps an address",
    "witness": "witness, a name, a key and perhaps an address",
    "group": "group, a name, any, all or a number, and at least one member",
    "quorum": "quorum and one name",
}


def parse_log_key(vkey: str) -> NoteKey | CosignatureKey:
    """Return the key of a log in a vkey: Ed25519, or a key for cosignatures (c2sp.org/tlog-checkpoint, signatures).

    Raises:
        InputError: it is something else.
    """
    _, _, raw = split_vkey(vkey)
    return NoteKey.from_text(vkey) if raw[:1] == bytes([ED25519]) else CosignatureKey.from_text(vkey)


def _threshold(text: str, members: int) -> int:
    if text in ("any", "all"):
        return 1 if text == "any" else members
    if not _THRESHOLD.fullmatch(text):
        raise ValueError(f"expected any, all or a decimal number from 1, got {text[:40]!r}")
    return int(text)


def _threshold_word(group: PolicyGroup) -> str:
    if group.threshold == len(group.members):
        return "all"
    return "any" if group.threshold == 1 else str(group.threshold)


def _tail(url: str | None) -> str:
    return "" if url is None else f" {url}"


class _Rules:
    """What a policy says so far; each addition is checked against it, and a `ValueError` says what is wrong."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: list[PolicyWitness] = []
        self.groups: list[PolicyGroup] = []
        self.quorum: str | None = None
        self._names: set[str] = set()
        self._members: set[str] = set()

    def add_log(self, log: PolicyLog) -> None:
        _check_word("an address", log.url)
        # The same key under two names is one key (public key representation).
        if any(other.key.public_key == log.key.public_key for other in self.logs):
            raise ValueError(f"the key of the log {log.key.name} is there already")
        self._append("logs", self.logs, log)

    def add_witness(self, witness: PolicyWitness) -> None:
        self._define(witness.name)
        _check_word("an address", witness.url)
        if any(other.key.public_key == witness.key.public_key for other in self.witnesses):
            raise ValueError(f"the key of the witness {witness.name} is there already")
        self._append("witnesses", self.witnesses, witness)

    def add_group(self, group: PolicyGroup) -> None:
        if not 1 <= group.threshold <= len(group.members):
            raise ValueError(
                f"expected a number from 1 to {len(group.members)}, the members of {group.name}, got {group.threshold}"
            )
        for member in group.members:
            self._check_known(member)
            if member in self._members:
                raise ValueError(f"{member} is a member already; each name can be one only once")
            self._members.add(member)
        self._define(group.name)
        self._append("groups", self.groups, group)

    def add_quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise ValueError("expected one quorum line, got a second one")
        if name != NONE:
            self._check_known(name)
        self.quorum = name

    @staticmethod
    def _append(what: str, items: list[_Item], item: _Item) -> None:
        if len(items) == MAX_EACH:
            raise ValueError(f"expected at most {MAX_EACH} {what}, got more")
        items.append(item)

    def _define(self, name: str) -> None:
        _check_word("a name", name)
        if name == NONE:
            raise ValueError(f"expected another name than {NONE}, which has a meaning of its own")
        if name in self._names:
            raise ValueError(f"the name {name} is there already")
        self._names.add(name)

    def _check_known(self, name: str) -> None:
        if name not in self._names:
            raise ValueError(f"expected a name that was defined before, got {name!r}")


def _check_word(what: str, text: str | None) -> None:
    if text is not None and (
        not text or set(" \t\n") & set(text) or _REFUSED_OCTETS.search(text.encode("utf-8", "surrogateescape"))
    ):
        raise ValueError(f"expected {what} without white space and control characters, got {text!r}")
