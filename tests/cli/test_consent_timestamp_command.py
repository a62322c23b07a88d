"""`provenance consent timestamp`, and what `show` and the receipt say of a record's time."""

import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.commands import Terminal
from support.tsa import Tsa, serving
from support.workshops import Workshop

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to be the authority")

NOBODY = "http://127.0.0.1:9/tsa"
WAITING = f"waiting for {NOBODY}: not dated yet, so that its time is the studio's word alone"
NEW = ["consent", "new", "--subject", "Zoë", "--permit", "capture", "--typed", "--json"]


def configure(url: str, roots: str | None = None) -> None:
    lines = ["", "[timestamps]", f'tsa = "{url}"', *([] if roots is None else [f'roots = "{roots}"'])]
    path = Path("provenance.toml")
    path.write_text(path.read_text("utf-8").split("\n[timestamps]")[0] + "\n".join(lines) + "\n", "utf-8")


def test_nothing_waits_where_no_authority_is_configured(terminal: Terminal, workshop: Workshop) -> None:
    terminal("consent", "timestamp").says(0, "", "No record waits for a time-stamp.\n")
    terminal("consent", "timestamp", "--json").says(0)
    assert terminal("consent", "show", workshop.code, "--json").document()["timestamp"] is None


def test_a_record_waits_while_offline_and_is_dated_later(
    terminal: Terminal, workshop: Workshop, tmp_path: Path
) -> None:
    tsa = Tsa(tmp_path / "tsa")
    Path("roots.pem").write_bytes(tsa.root.public_bytes(Encoding.PEM))
    configure(NOBODY)
    code = terminal(*NEW).document()["code"]
    receipt = Path("receipts") / f"{code}.json"
    assert f"  time       {WAITING}\n" in terminal("consent", "show", code).out
    assert json.loads(receipt.read_text("utf-8"))["timestamp"]["says"] == WAITING

    ran = terminal("consent", "timestamp")
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(f"provenance: error: consent {code}: waits: 127.0.0.1:9: cannot be reached: ")
    assert terminal("consent", "timestamp", "--json").document()["timestamp"]["state"] == "waiting"

    with serving(tsa.reply) as url:
        configure(url, "roots.pem")
        terminal("consent", "timestamp").says(0, f"Consent {code}: proven at <second> by O=Test TSA\n")
    assert "  time       proven at 20" in terminal("consent", "show", code).out
    shown = terminal("consent", "show", code, "--json").document()["timestamp"]
    assert (shown["state"], shown["by"], shown["tsa"]) == ("proven", "O=Test TSA", url)
    assert terminal("consent", "receipt", code).code == 0
    assert json.loads(receipt.read_text("utf-8"))["timestamp"] == shown
