import pytest
from support.refusals import refused

from provenance.errors import VaultError
from provenance.vault import DataKey, MasterKey
from provenance.vault.sealing import KEY_BYTES

RECORD = "8b0a1c52-6f0e-4d0b-9a53-0f4a5d1c2e3f"
OTHER_RECORD = "8b0a1c52-6f0e-4d0b-9a53-0f4a5d1c2e30"
KEY = DataKey(bytes(range(32)), RECORD)
MASTER = MasterKey(bytes([7]) * 32)
SEALED = KEY.seal("email", b"zoe")
WRAPPED = KEY.wrap(MASTER)

CLOSED = "vault: email cannot be opened with this key"
KEY_CLOSED = "vault: data key cannot be opened with this key"

# What AES-GCM adds: a nonce of 12 bytes before, a tag of 16 bytes behind (NIST SP 800-38D).
ADDED = 12 + 16


@pytest.mark.parametrize("data", [b"", b"z", "Zoë Ångström".encode(), bytes(1_000_000)])
def test_what_was_sealed_is_opened(data: bytes) -> None:
    sealed = KEY.seal("email", data)
    assert KEY.open("email", sealed) == data
    assert len(sealed) == len(data) + ADDED


def test_what_was_sealed_cannot_be_read() -> None:
    assert b"zoe@example.org" not in KEY.seal("email", b"zoe@example.org" * 10)


def test_the_same_datum_is_never_sealed_alike() -> None:
    sealed = {KEY.seal("email", b"zoe") for _ in range(100)}
    assert len(sealed) == len({one[:12] for one in sealed}) == 100


def test_a_new_key_is_like_no_other() -> None:
    keys = [DataKey.generate(RECORD) for _ in range(50)]
    assert len({MASTER.open(key.wrap(MASTER), RECORD) for key in keys}) == 50


def test_a_new_key_seals_and_opens() -> None:
    key = DataKey.generate(RECORD)
    assert key.open("email", key.seal("email", b"zoe")) == b"zoe"


@pytest.mark.parametrize("name", ["", "Email", "email ", "legal_name"])
def test_a_datum_under_another_name_is_not_opened(name: str) -> None:
    with refused(VaultError, f"vault: {name} cannot be opened with this key"):
        KEY.open(name, SEALED)


def test_a_datum_of_another_record_is_not_opened() -> None:
    with refused(VaultError, CLOSED):
        DataKey(bytes(range(32)), OTHER_RECORD).open("email", SEALED)


@pytest.mark.parametrize("key", [bytes(32), bytes(range(1, 33)), bytes(range(16))])
def test_a_datum_is_not_opened_with_another_key(key: bytes) -> None:
    with refused(VaultError, CLOSED):
        DataKey(key, RECORD).open("email", SEALED)


@pytest.mark.parametrize("position", range(len(SEALED)))
def test_a_datum_with_one_bit_changed_is_not_opened(position: int) -> None:
    for bit in range(8):
        changed = bytearray(SEALED)
        changed[position] ^= 1 << bit
        with refused(VaultError, CLOSED):
            KEY.open("email", bytes(changed))


@pytest.mark.parametrize("size", range(len(SEALED)))
def test_a_datum_cut_short_is_not_opened(size: int) -> None:
    with refused(VaultError, CLOSED):
        KEY.open("email", SEALED[:size])


def test_a_datum_with_something_behind_it_is_not_opened() -> None:
    with refused(VaultError, CLOSED):
        KEY.open("email", SEALED + b"\x00")


def test_the_message_shows_nothing_of_what_was_sealed() -> None:
    with pytest.raises(VaultError) as caught:
        KEY.open("other", SEALED)
    assert "zoe" not in str(caught.value)
    assert caught.value.__cause__ is None


# --- data keys under the master key


def test_a_wrapped_key_is_unwrapped() -> None:
    key = DataKey.unwrap(WRAPPED, master=MASTER, record_id=RECORD)
    assert key.open("email", SEALED) == b"zoe"


def test_a_wrapped_key_cannot_be_read() -> None:
    assert bytes(range(32)) not in WRAPPED
    assert len(WRAPPED) == KEY_BYTES + ADDED


def test_the_same_key_is_never_wrapped_alike() -> None:
    assert len({KEY.wrap(MASTER) for _ in range(50)}) == 50


@pytest.mark.parametrize("record_id", ["", OTHER_RECORD, RECORD.upper(), f"data-key/{RECORD}"])
def test_the_key_of_another_record_is_not_unwrapped(record_id: str) -> None:
    with refused(VaultError, KEY_CLOSED):
        DataKey.unwrap(WRAPPED, master=MASTER, record_id=record_id)


def test_a_key_is_not_unwrapped_with_another_master_key() -> None:
    with refused(VaultError, KEY_CLOSED):
        DataKey.unwrap(WRAPPED, master=MasterKey(bytes(32)), record_id=RECORD)


@pytest.mark.parametrize("position", range(len(WRAPPED)))
def test_a_wrapped_key_with_one_bit_changed_is_not_unwrapped(position: int) -> None:
    changed = bytearray(WRAPPED)
    changed[position] ^= 0x10
    with refused(VaultError, KEY_CLOSED):
        DataKey.unwrap(bytes(changed), master=MASTER, record_id=RECORD)


@pytest.mark.parametrize(
    "wrapped",
    [b"", bytes(11), bytes(12), bytes(27), WRAPPED[:-1], WRAPPED + b"\x00"],
    ids=["none", "less than a nonce", "a nonce", "less than a tag", "cut off", "one more"],
)
def test_something_else_than_a_wrapped_key_is_not_unwrapped(wrapped: bytes) -> None:
    with refused(VaultError, KEY_CLOSED):
        DataKey.unwrap(wrapped, master=MASTER, record_id=RECORD)


def test_a_datum_is_no_wrapped_key_even_under_the_same_bytes() -> None:
    same = DataKey(bytes([7]) * 32, RECORD)
    with refused(VaultError, "vault: data-key cannot be opened with this key"):
        same.open("data-key", MASTER.seal(bytes(32), RECORD))


def test_without_its_data_key_a_datum_stays_closed() -> None:
    sealed = DataKey.generate(RECORD).seal("email", b"zoe")
    with refused(VaultError, CLOSED):
        DataKey.generate(RECORD).open("email", sealed)
    with refused(VaultError, CLOSED):
        DataKey(bytes([7]) * 32, RECORD).open("email", sealed)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_master_key_of_another_length_is_refused(size: int) -> None:
    with refused(ValueError, f"master key: expected 32 bytes, got {size}"):
        MasterKey(bytes(size))


@pytest.mark.parametrize("key", [KEY, MASTER])
def test_a_key_is_not_shown(key: DataKey | MasterKey) -> None:
    shown = f"{key!r} {key!s}"
    assert bytes(range(32)).hex() not in shown
    assert "\\x07" not in shown
