"""A hardware token that is none: SoftHSM, with keys of several kinds in it."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PIN = "5678"
_PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def module() -> str:
    """Return the path of its library; without it, the test is skipped."""
    found = next((place for place in _PLACES if Path(place).exists()), None)
    if found is None or shutil.which("softhsm2-util") is None:
        pytest.skip("no SoftHSM to play the token")
    return found


@cache
def fill(folder: Path) -> None:
    """Make the tokens `studio` and `locked` in an empty folder; once a process, as the library knows one only."""
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    library_path = module()
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    for label in ("studio", "locked"):
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "1234", "--pin", PIN]
        subprocess.run(command, check=True, capture_output=True)
    library = pkcs11.lib(library_path)
    with library.get_token(token_label="studio").open(rw=True, user_pin=PIN) as session:

        def make(label: str, number: int, curve: str = "secp256r1") -> None:
            wanted: dict[Any, Any] = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(curve)}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC, wanted, local=True)
            parameters.generate_keypair(store=True, label=label, id=bytes([number]))

        for number, label in enumerate(["claim", "next", "twin", "twin"], 1):
            make(label, number)
        make("p384", 9, "secp384r1")
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="rsa", id=b"\x0a")
        # No pair: the private key of one, and the public key of another, as a careless import leaves them.
        make("mixed", 7)
        make("other", 8)

        def half(label: str, kind: Any) -> Any:
            (found,) = session.get_objects({pkcs11.Attribute.LABEL: label, pkcs11.Attribute.CLASS: kind})
            return found

        half("mixed", pkcs11.ObjectClass.PUBLIC_KEY).destroy()
        half("other", pkcs11.ObjectClass.PRIVATE_KEY).destroy()
        half("other", pkcs11.ObjectClass.PUBLIC_KEY)[pkcs11.Attribute.ID] = b"\x07"


def uri(label: str = "claim", *, token: str = "studio", more: str = "") -> str:
    """Return the address of a key."""
    return f"pkcs11:token={token};object={label}?module-path={module()}{more}"
