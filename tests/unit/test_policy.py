from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from support.logs import LOG_ORIGIN, Log, fixed_log
from support.refusals import refused
from support.trees import root
from support.witnesses import START, forked

from provenance.checkpoint import Checkpoint, LogKey
from provenance.cosignature import Cosigner, Kind
from provenance.errors import InputError, VerificationError
from provenance.note import Note, NoteSignature, parse_note
from provenance.policy import (
    MAX_EACH,
    MAX_POLICY_BYTES,
    Policy,
    PolicyGroup,
    PolicyLog,
    PolicyWitness,
    parse_log_key,
    parse_policy,
)

# Keys that are the same in every process, as they stand in the names of tests.
LOG = fixed_log()
NAMES = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
COSIGNERS = {
    name: Cosigner.from_seed(f"{name.lower()}.example/w", bytes([number]) * 32) for number, name in enumerate(NAMES)
}
KEYS = {name: cosigner.key.to_text() for name, cosigner in COSIGNERS.items()}
LOG_KEY = LOG.key.to_text()
# c2sp.org/tlog-policy, example policy, with keys in the places that it leaves out.
EXAMPLE = f"""\
log {LOG_KEY}

witness X1 {KEYS["X1"]}
witness X2 {KEYS["X2"]}
witness X3 {KEYS["X3"]}
group X-witnesses 2 X1 X2 X3

witness Y1 {KEYS["Y1"]}
witness Y2 {KEYS["Y2"]}
witness Y3 {KEYS["Y3"]}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
POLICY = parse_policy(EXAMPLE.encode())
ONE = f"witness X1 {KEYS['X1']}\n"
TWO = f"{ONE}witness X2 {KEYS['X2']}\n"


def cosigned(*names: str, log: Log = LOG, now: datetime = START) -> bytes:
    note = parse_note(log.checkpoint(7))
    return note.with_signatures([COSIGNERS[name].sign(note.text, now=now) for name in names]).to_bytes()


# --- reading and writing


def test_the_example_of_the_specification_is_read() -> None:
    assert (
        Policy(
            (PolicyLog(LOG.key),),
            tuple(PolicyWitness(name, COSIGNERS[name].key) for name in NAMES),
            (
                PolicyGroup("X-witnesses", 2, ("X1", "X2", "X3")),
                PolicyGroup("Y-witnesses", 1, ("Y1", "Y2", "Y3")),
                PolicyGroup("X-and-Y", 2, ("X-witnesses", "Y-witnesses")),
            ),
            "X-and-Y",
        )
        == POLICY
    )


def test_a_policy_is_written_in_one_form_and_read_again() -> None:
    written = POLICY.to_bytes()
    assert parse_policy(written) == POLICY
    assert written.decode().splitlines()[-4:] == [
        "group X-witnesses 2 X1 X2 X3",
        "group Y-witnesses any Y1 Y2 Y3",
        "group X-and-Y all X-witnesses Y-witnesses",
        "quorum X-and-Y",
    ]


def test_the_smallest_policy_asks_nobody() -> None:
    assert parse_policy(b"quorum none\n") == Policy()
    assert Policy().to_bytes() == b"quorum none\n"


def test_addresses_are_kept() -> None:
    text = f"log {LOG_KEY} https://log.example/\nwitness X1 {KEYS['X1']} https://w.example/1\nquorum X1\n"
    policy = parse_policy(text.encode())
    assert (policy.logs[0].url, policy.witnesses[0].url) == ("https://log.example/", "https://w.example/1")
    assert policy.to_bytes() == text.encode()


def test_white_space_comments_and_empty_lines_mean_nothing() -> None:
    text = f" \t\n# a comment\n\t # another: quorum none\n\twitness \t X1  {KEYS['X1']} \t\n \tquorum\tX1 \n#\n"
    assert parse_policy(text.encode()) == parse_policy(f"{ONE}quorum X1\n".encode())


def test_octets_beyond_ascii_are_kept_and_compared_as_they_are() -> None:
    kelvin, not_utf8 = "\u212a".encode(), b"\xff\xfe\x80"
    lines = [f"{name} {KEYS[key]}".encode() for name, key in (("", "X1"), ("", "X2"), ("", "X3"))]
    data = b"".join(
        b"witness " + name + line + b"\n" for name, line in zip((b"K", kelvin, not_utf8), lines, strict=True)
    )
    data += b"group all-three all K " + kelvin + b" " + not_utf8 + b"\nquorum " + not_utf8 + b"\n# \xff\n"
    policy = parse_policy(data)
    assert len({witness.name for witness in policy.witnesses}) == 3
    assert parse_policy(policy.to_bytes()) == policy
    assert policy.to_bytes() == data.removesuffix(b"# \xff\n")


@pytest.mark.parametrize("kind", list(Kind))
def test_a_log_or_a_witness_may_have_a_key_of_either_kind(kind: Kind) -> None:
    log, witness = Cosigner.generate(LOG_ORIGIN, kind), Cosigner.generate("w.example", kind)
    text = f"log {log.key.to_text()}\nwitness w {witness.key.to_text()}\nquorum w\n"
    policy = parse_policy(text.encode())
    assert (policy.logs[0].key, policy.witnesses[0].key) == (log.key, witness.key)
    assert policy.to_bytes() == text.encode()
    note = Note(parse_note(LOG.checkpoint(7)).text, ())
    lines = [log.sign(note.text, now=START), witness.sign(note.text, now=START)]
    assert dict(policy.verify(note.with_signatures(lines).to_bytes()).witnesses) == {"w": START}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "policy: expected a quorum line, got none"),
        ("\n# quorum none\n", "policy: expected a quorum line, got none"),
        ("quorum none", "policy line 1: expected a newline at its end"),
        ("\nquorum none\n#", "policy line 3: expected a newline at its end"),
        ("quorum none\r\n", "policy line 1: expected no control characters other than tab, got 0x0d"),
        ("\nquorum\x00none\n", "policy line 2: expected no control characters other than tab, got 0x00"),
        ("#\x7f\nquorum none\n", "policy line 1: expected no control characters other than tab, got 0x7f"),
        ("quorum none\nquorum none\n", "policy line 2: expected one quorum line, got a second one"),
        ("quorum\n", "policy line 1: expected quorum and one name"),
        ("quorum a b\n", "policy line 1: expected quorum and one name"),
        ("quorum a\n", "policy line 1: expected a name that was defined before, got 'a'"),
        ("quorum none # nobody\n", "policy line 1: expected quorum and one name"),
        (f"quorum X1\n{ONE}", "policy line 1: expected a name that was defined before, got 'X1'"),
        ("Quorum none\n", "policy line 1: expected log, witness, group or quorum, got 'Quorum'"),
        ("mirror a\n", "policy line 1: expected log, witness, group or quorum, got 'mirror'"),
        ("quorum\u00a0none\n", "policy line 1: expected log, witness, group or quorum, got 'quorum\\xa0none'"),
        ("log\n", "policy line 1: expected log, a key and perhaps an address"),
        (f"log {LOG_KEY} a b\n", "policy line 1: expected log, a key and perhaps an address"),
        ("log a\n", "policy line 1: note key: expected name+hash+base64, got something else"),
        (f"log {KEYS['X1']}A\n", "policy line 1: note key 'x1.example/w': expected base64"),
        (f"log {LOG_KEY}\nlog {LOG_KEY}\n", f"policy line 2: the key of the log {LOG_ORIGIN} is there already"),
        ("witness X1\n", "policy line 1: expected witness, a name, a key and perhaps an address"),
        (f"witness {KEYS['X1']}\n", "policy line 1: expected witness, a name, a key and perhaps an address"),
        (f"witness none {KEYS['X1']}\n", "policy line 1: expected another name than none, which has a meaning of its…"),
        (f"{ONE}witness X1 {KEYS['X2']}\n", "policy line 2: the name X1 is there already"),
        (f"{ONE}witness X2 {KEYS['X1']}\n", "policy line 2: the key of the witness X2 is there already"),
        (
            f"witness X1 {LOG_KEY}\n",
            f"policy line 1: witness key {LOG_ORIGIN!r}: expected a key for cosignatures (type 0x04 with 32 bytes…",
        ),
        ("group g\n", "policy line 1: expected group, a name, any, all or a number, and at least one member"),
        ("group g all\n", "policy line 1: expected group, a name, any, all or a number, and at least one member"),
        (f"{ONE}group X1 all X1\n", "policy line 2: the name X1 is there already"),
        (f"{ONE}group none all X1\n", "policy line 2: expected another name than none, which has a meaning of its own"),
        (f"{ONE}group g all none\n", "policy line 2: expected a name that was defined before, got 'none'"),
        (f"{ONE}group g all g\n", "policy line 2: expected a name that was defined before, got 'g'"),
        (f"group g all X1\n{ONE}", "policy line 1: expected a name that was defined before, got 'X1'"),
        (f"{ONE}group g all X1 X1\n", "policy line 2: X1 is a member already; each name can be one only once"),
        (f"{TWO}group g all X1 X2\ngroup h all X1\n", "policy line 4: X1 is a member already; each name can be one…"),
        (f"{TWO}group g 3 X1 X2\n", "policy line 3: expected a number from 1 to 2, the members of g, got 3"),
        (f"{TWO}group g 0 X1 X2\n", "policy line 3: expected any, all or a decimal number from 1, got '0'"),
        (f"{TWO}group g 01 X1 X2\n", "policy line 3: expected any, all or a decimal number from 1, got '01'"),
        (f"{TWO}group g +1 X1 X2\n", "policy line 3: expected any, all or a decimal number from 1, got '+1'"),
        (f"{TWO}group g ١ X1 X2\n", "policy line 3: expected any, all or a decimal number from 1, got '١'"),
        (f"{TWO}group g some X1 X2\n", "policy line 3: expected any, all or a decimal number from 1, got 'some'"),
    ],
)
def test_what_the_specification_does_not_allow_is_refused_with_its_line(text: str, message: str) -> None:
    with refused(InputError, message):
        parse_policy(text.encode())


def test_the_same_key_under_another_name_is_the_same_key() -> None:
    other = replace(LOG.key, name="other.example/log")
    text = f"log {LOG_KEY}\nlog {other.to_text()}\nquorum none\n"
    with refused(InputError, "policy line 2: the key of the log other.example/log is there already"):
        parse_policy(text.encode())


def test_a_log_may_have_several_keys() -> None:
    other = Log()
    policy = Policy((PolicyLog(LOG.key), PolicyLog(other.key)))
    for log in (LOG, other):
        assert policy.verify(log.checkpoint(7)).checkpoint.size == 7


def test_a_policy_that_is_too_large_is_refused() -> None:
    with refused(InputError, f"policy: expected at most {MAX_POLICY_BYTES} bytes, got {MAX_POLICY_BYTES + 1}"):
        parse_policy(bytes(MAX_POLICY_BYTES + 1))


def test_as_many_groups_as_allowed_lie_within_each_other() -> None:
    lines = [ONE, "group g0 all X1\n", *(f"group g{n} all g{n - 1}\n" for n in range(1, MAX_EACH))]
    policy = parse_policy("".join([f"log {LOG_KEY}\n", *lines, f"quorum g{MAX_EACH - 1}\n"]).encode())
    assert policy.verify(cosigned("X1")).checkpoint.size == 7
    with refused(InputError, f"policy line {MAX_EACH + 2}: expected at most {MAX_EACH} groups, got more"):
        parse_policy("".join([*lines, f"group last all g{MAX_EACH - 1}\n"]).encode())


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"quorum": "X9"}, "policy: expected a name that was defined before, got 'X9'"),
        ({"groups": (PolicyGroup("g", 1, ()),)}, "policy: expected a number from 1 to 0, the members of g, got 1"),
        ({"groups": (PolicyGroup("g h", 1, ("X1",)),)}, "policy: expected a name without white space and control …"),
        ({"groups": (PolicyGroup("g\nh", 1, ("X1",)),)}, "policy: expected a name without white space and control …"),
        ({"groups": (PolicyGroup("", 1, ("X1",)),)}, "policy: expected a name without white space and control …"),
        ({"logs": (PolicyLog(LOG.key, "a\tb"),)}, "policy: expected an address without white space and control…"),
    ],
)
def test_a_policy_that_could_not_be_written_is_not_made(policy: dict[str, object], message: str) -> None:
    fields = {"witnesses": (PolicyWitness("X1", COSIGNERS["X1"].key),), **policy}
    with refused(InputError, message):
        Policy(**fields)  # type: ignore[arg-type]


def test_the_key_of_a_log_is_read_alone() -> None:
    assert parse_log_key(LOG_KEY) == LOG.key
    assert parse_log_key(KEYS["X1"]) == COSIGNERS["X1"].key
    with refused(InputError, "note key: expected name+hash+base64, got something else"):
        parse_log_key("studio")


# --- verifying


@pytest.mark.parametrize(
    "names", [("X1", "X2", "Y1"), ("X2", "X3", "Y3"), ("X1", "X3", "Y1", "Y2"), tuple(NAMES), ("Y2", "X3", "X2")]
)
def test_a_checkpoint_that_the_quorum_cosigned_is_accepted(names: tuple[str, ...]) -> None:
    verified = POLICY.verify(cosigned(*names))
    assert verified.checkpoint == Checkpoint(LOG_ORIGIN, 7, root(7))
    assert dict(verified.witnesses) == dict.fromkeys(names, START)


@pytest.mark.parametrize(
    ("names", "found", "missing"),
    [
        ((), "nobody", "X1, X2, X3, Y1, Y2, Y3"),
        (("X1", "X2"), "X1, X2", "X3, Y1, Y2, Y3"),
        (("X1", "X2", "X3"), "X1, X2, X3", "Y1, Y2, Y3"),
        (("X1", "Y1"), "X1, Y1", "X2, X3, Y2, Y3"),
        (("Y1", "Y2", "Y3"), "Y1, Y2, Y3", "X1, X2, X3"),
    ],
)
def test_a_checkpoint_without_the_quorum_is_refused_and_the_missing_are_named(
    names: tuple[str, ...], found: str, missing: str
) -> None:
    message = f"checkpoint: expected cosignatures of the quorum X-and-Y, got those of {found}, missing {missing}"
    with refused(VerificationError, message, code="quorum-missing"):
        POLICY.verify(cosigned(*names))


def test_a_single_witness_may_be_the_quorum() -> None:
    policy = replace(POLICY, groups=(), quorum="X2")
    assert dict(policy.verify(cosigned("X1", "X2")).witnesses) == {"X1": START, "X2": START}
    message = "checkpoint: expected cosignatures of the quorum X2, got those of nobody, missing X2"
    with refused(VerificationError, message, code="quorum-missing"):
        policy.verify(cosigned("X1"))


def test_without_a_quorum_cosignatures_are_verified_and_told_all_the_same() -> None:
    policy = replace(POLICY, quorum="none")
    assert dict(policy.verify(cosigned()).witnesses) == {}
    assert dict(policy.verify(cosigned("X1", now=START + timedelta(days=1))).witnesses) == {
        "X1": START + timedelta(days=1)
    }


def test_a_wrong_cosignature_of_a_known_witness_refuses_the_checkpoint() -> None:
    key = COSIGNERS["Y3"].key
    note = parse_note(cosigned("X1", "X2", "Y1")).with_signatures(
        [NoteSignature(key.name, key.key_id, bytes(7) + b"\x01" + bytes(64))]
    )
    with refused(VerificationError, "note: the cosignature of y3.example/w does not verify", code="note-signature"):
        POLICY.verify(note.to_bytes())


def test_a_cosignature_of_another_checkpoint_counts_for_nothing() -> None:
    line = parse_note(cosigned("X1", "X2", "Y1")).signatures[1:]
    with refused(VerificationError, "note: the cosignature of x1.example/w does not verify", code="note-signature"):
        POLICY.verify(parse_note(forked(LOG, 7)).with_signatures(line).to_bytes())


def test_witnesses_do_not_stand_in_for_the_log() -> None:
    message = f"note: expected a signature of {LOG_ORIGIN}+{LOG.key.key_id.hex()}, got those of '{LOG_ORIGIN}+…"
    with refused(VerificationError, message, code="note-unknown-signer"):
        POLICY.verify(cosigned(*NAMES, log=Log()))


def test_a_checkpoint_of_another_log_is_refused() -> None:
    other = Log("other.example/log")
    with refused(VerificationError, f"note: expected a signature of {LOG_ORIGIN}…", code="note-unknown-signer"):
        POLICY.verify(cosigned(*NAMES, log=other))


def test_a_log_that_is_known_from_elsewhere_takes_the_place_of_those_of_the_policy() -> None:
    other = Log()
    data = cosigned(*NAMES, log=other)
    assert POLICY.verify(data, log_keys=[LogKey(other.key, 0, 7)]).checkpoint.size == 7
    with refused(VerificationError, "checkpoint: expected a size up to 6…", code="log-key-retired"):
        POLICY.verify(data, log_keys=[LogKey(other.key, 0, 6)])
    with refused(VerificationError, f"note: expected a signature of {LOG_ORIGIN}…", code="note-unknown-signer"):
        POLICY.verify(cosigned(*NAMES), log_keys=[other.key])


def test_a_policy_without_logs_accepts_none() -> None:
    with refused(VerificationError, "note: expected a signature of nobody…", code="note-unknown-signer"):
        replace(POLICY, logs=()).verify(cosigned(*NAMES))


def test_extension_lines_are_taken_only_where_they_are_asked_for() -> None:
    text = Checkpoint(LOG_ORIGIN, 7, root(7), ("more",)).to_text()
    line = NoteSignature(LOG_ORIGIN, LOG.key.key_id, LOG.signing_key.sign(text.encode()))
    data = Note(text, (line,)).to_bytes()
    policy = replace(POLICY, quorum="none")
    assert policy.verify(data, extensions=True).checkpoint.extensions == ("more",)
    with refused(InputError, "checkpoint: expected the lines origin, size and root hash, got 4 lines"):
        policy.verify(data)
