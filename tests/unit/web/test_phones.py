"""Sittings on their way to a phone, without a browser: what a link leads to, for how long, and what is recorded."""

import json
import re
from collections.abc import Iterator

import pytest
from support.authenticators import Authenticator
from support.refusals import refused
from support.studios import make_studio, open_keys
from support.web import TYPED, Fields, Visitor, kiosk, secret_in

from provenance.canonical import from_base64url, parse_object
from provenance.consent.notice import OWN_DEVICE
from provenance.consent.shelf import find_template
from provenance.errors import InputError, RefusedError
from provenance.paper.wording import find_wording
from provenance.studio import ConsentDesk, Studio
from provenance.web.phones import LIFE_SECONDS, MAX_HANDED, Handed, Phones, parse_origin
from provenance.web.serving import WebServer
from provenance.web.sitting import Job

HOST = "kiosk.studio.example"
PHONE = Authenticator()
ON_PHONE: Fields = {**{name: value for name, value in TYPED.items() if name != "typed"}, "how": "passkey"}


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def phones(clock: Clock) -> Phones:
    return Phones(f"https://{HOST}", clock=clock)


@pytest.fixture(scope="module")
def server(studio: Studio, phones: Phones) -> Iterator[WebServer]:
    with kiosk(studio, phones=phones, pin="135790") as running:
        yield running


class Phone(Visitor):
    """A visitor who asks under the name for phones, as a proxy passes it on."""

    def ask(self, path: str, **fields: str) -> tuple[int, str]:
        answer = self.post(path, fields, Host=HOST)
        return answer.status, answer.data.decode()

    def opened(self, secret: str) -> dict[str, str]:
        """Return what the page is to sign."""
        status, page = self.ask("/phone/open", secret=secret)
        assert status == 200
        assert "Zoë Ångström" in page
        found = {name: re.search(f'data-{name}="([^"]*)"', page) for name in ("secret", "payload", "header")}
        said = {name: match[1].replace("&#34;", '"') for name, match in found.items() if match}
        return {**said, "page": page}

    def sign_with(self, said: dict[str, str], phone: Authenticator = PHONE) -> tuple[int, str]:
        """Sign with a passkey."""
        member = phone.sign(from_base64url(said["payload"], place="payload"), json.loads(said["header"]))
        return self.ask("/phone/sign", secret=said["secret"], signature=json.dumps(member))


@pytest.fixture
def phone(server: WebServer) -> Phone:
    return Phone(server)


def hand(visitor: Visitor, phones: Phones, *, language: str = "en", mark: str | None = None, **changed: str) -> str:
    """Go on on a phone; return the secret of the link."""
    mark = mark or visitor.mark(f"/sit/{language}")
    answer = visitor.post(f"/sit/{language}/phone", {**ON_PHONE, "mark": mark, **changed})
    assert (answer.status, b"<svg" in answer.data) == (200, True)
    return next(secret for secret, kept in phones._kept.items() if kept.handed.mark == mark)


def state(visitor: Visitor, mark: str, **more: str) -> str:
    return str(json.loads(visitor.post("/sit/en/phone/state", {"mark": mark, **more}).data)["state"])


def test_what_was_decided_at_the_kiosk_is_signed_on_the_phone(
    studio: Studio, visitor: Visitor, phone: Phone, phones: Phones
) -> None:
    mark = visitor.mark("/sit/en")
    secret = hand(visitor, phones, mark=mark)
    assert state(visitor, mark) == "waiting"
    said = phone.opened(secret)
    assert OWN_DEVICE["en"] in said["page"]
    assert state(visitor, mark) == "open"
    status, receipt = phone.sign_with(said)
    assert (status, state(visitor, mark)) == (200, "signed")
    desk = ConsentDesk(studio, open_keys(studio))
    recorded = desk.find_by_secret(re.findall(r'class="secret"[^>]*>([^<]+)<', receipt)[0])
    esign = recorded.record.body["esign"]
    assert (recorded.record.assurance, esign["method"], esign["origin"]) == (  # type: ignore[index, call-overload]
        "passkey",
        "passkey",
        f"https://{HOST}",
    )
    assert desk.disclosures(recorded) == {"legal_name": "Zoë Ångström", "shoot_description": "Autumn conference"}
    intent = find_wording(recorded.record, studio=studio.path).intent
    assert intent is not None
    assert intent.endswith(OWN_DEVICE["en"])
    assert [grant.scope.value for grant in recorded.record.grants if grant.decision == "permit"] == TYPED["permit"]


def test_a_link_is_of_one_sitting_that_is_recorded_once(
    studio: Studio, visitor: Visitor, phone: Phone, phones: Phones
) -> None:
    secret = hand(visitor, phones)
    said = phone.opened(secret)
    member = json.dumps(PHONE.sign(from_base64url(said["payload"], place="payload"), json.loads(said["header"])))
    before = len(ConsentDesk(studio).all())
    first, again = (phone.ask("/phone/sign", secret=said["secret"], signature=member) for _ in range(2))
    assert (first[0], again[0], len(ConsentDesk(studio).all())) == (200, 200, before + 1)
    assert secret_in(first[1].encode()) == secret_in(again[1].encode())
    assert phone.ask("/phone/open", secret=said["secret"])[0] == 404
    other = json.dumps(PHONE.sign(from_base64url(said["payload"], place="payload"), json.loads(said["header"])))
    assert phone.ask("/phone/sign", secret=said["secret"], signature=other)[0] == 422


def test_a_link_lasts_ten_minutes(visitor: Visitor, phone: Phone, phones: Phones, clock: Clock) -> None:
    mark = visitor.mark("/sit/en")
    secret = hand(visitor, phones, mark=mark)
    clock.seconds += LIFE_SECONDS - 1
    said = phone.opened(secret)
    clock.seconds += 1
    assert phone.sign_with(said)[0] == 404
    assert state(visitor, mark) == "gone"
    late = hand(visitor, phones)
    clock.seconds += LIFE_SECONDS
    assert phone.ask("/phone/open", secret=late)[0] == 404


def test_a_link_opens_once(visitor: Visitor, phone: Phone, phones: Phones) -> None:
    """Whoever photographs the code, too, comes too late; or the person does, and notices."""
    secret = hand(visitor, phones)
    said = phone.opened(secret)
    for path in ("open", "sign"):
        assert phone.ask(f"/phone/{path}", secret=secret, signature="{}")[0] == 404
    assert phone.ask("/phone/open", secret=said["secret"])[0] == 404
    assert phone.sign_with(said)[0] == 200


def test_a_link_signs_nothing_before_it_was_opened(visitor: Visitor, phone: Phone, phones: Phones) -> None:
    secret = hand(visitor, phones)
    assert phone.ask("/phone/sign", secret=secret, signature="{}")[0] == 404
    assert phone.sign_with(phone.opened(secret))[0] == 200


def test_a_sitting_that_is_called_back_is_nowhere_else(visitor: Visitor, phone: Phone, phones: Phones) -> None:
    mark = visitor.mark("/sit/en")
    secret = hand(visitor, phones, mark=mark)
    second = hand(visitor, phones, mark=mark)
    assert phone.ask("/phone/open", secret=secret)[0] == 404
    assert state(visitor, mark, stop="yes") == "gone"
    assert phone.ask("/phone/open", secret=second)[0] == 404


@pytest.mark.parametrize("secret", ["", "x", "\x00", "é" * 50])
def test_no_other_secret_leads_anywhere(phone: Phone, secret: str) -> None:
    for path in ("open", "sign"):
        status, page = phone.ask(f"/phone/{path}", secret=secret, signature="{}")
        assert (status, "This link leads nowhere any more" in page) == (404, True)


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "studio.example"},
        {"flags": 0x01},
        {"client": {"type": "webauthn.create"}},
    ],
)
def test_what_no_passkey_of_this_page_signed_is_not_recorded(
    studio: Studio, visitor: Visitor, phone: Phone, phones: Phones, changed: dict[str, object]
) -> None:
    before = len(ConsentDesk(studio).all())
    mark = visitor.mark("/sit/en")
    secret = hand(visitor, phones, mark=mark)
    said = phone.opened(secret)
    assert phone.sign_with(said, Authenticator(**changed))[0] == 422  # type: ignore[arg-type]
    assert (state(visitor, mark), len(ConsentDesk(studio).all())) == ("open", before)
    assert phone.sign_with(said)[0] == 200


@pytest.mark.parametrize("signature", ["", "{", "[]", "null", "1e999", "[" * 5000, '{"protected":"x","signature":"y"}'])
def test_what_is_no_signature_is_not_recorded(visitor: Visitor, phone: Phone, phones: Phones, signature: str) -> None:
    said = phone.opened(hand(visitor, phones))
    assert phone.ask("/phone/sign", secret=said["secret"], signature=signature)[0] == 422


def test_a_plain_key_signs_nothing_there(visitor: Visitor, phone: Phone, phones: Phones) -> None:
    from provenance import jws
    from provenance.keys import SigningKey

    secret = hand(visitor, phones)
    said = phone.opened(secret)
    payload = from_base64url(said["payload"], place="payload")
    signed = jws.sign(payload, [(SigningKey.generate("ES256"), json.loads(said["header"]))])["signatures"]
    assert isinstance(signed, list)
    assert phone.ask("/phone/sign", secret=said["secret"], signature=json.dumps(signed[0]))[0] == 422


def test_initials_go_along_to_the_phone(studio: Studio) -> None:
    phones = Phones(f"https://{HOST}")
    with kiosk(studio, template="ai-headshot-service", phones=phones) as server:
        visitor, phone = Visitor(server), Phone(server)
        fields = {"permit": "ai.generate", "initials.ai.generate": "ZÅ", "representation": "none", "born": "1990-05-06"}
        secret = hand(visitor, phones, **fields)
        said = phone.opened(secret)
        assert json.loads(said["header"])["initialled_scopes"] == ["ai.generate"]
        assert phone.sign_with(said)[0] == 200


def test_a_guardian_signs_on_their_phone(studio: Studio, visitor: Visitor, phone: Phone, phones: Phones) -> None:
    secret = hand(visitor, phones, age="minor", guardian="Ann Ångström", relationship="parent")
    said = phone.opened(secret)
    assert "Ann Ångström · Zoë Ångström" in said["page"]
    assert json.loads(said["header"])["role"] == "guardian"
    assert phone.sign_with(said)[0] == 200


def test_the_kiosk_tells_what_is_missing(visitor: Visitor) -> None:
    fields = {**ON_PHONE, "mark": visitor.mark("/sit/en")}
    answer = visitor.post("/sit/en/phone", {**fields, "name": ""})
    assert (answer.status, json.loads(answer.data)["field"]) == (422, "name")
    assert json.loads(visitor.post("/sit/en/phone", {**fields, "how": "typed"}).data)["field"] == "how"
    assert visitor.post("/sit/en/phone/state", {"mark": "x"}).status == 422
    # What is chosen for a phone is not signed by the kiosk.
    answer = visitor.post("/sit/en/request", fields)
    assert (answer.status, json.loads(answer.data)["field"]) == (422, "how")


def test_under_the_name_for_phones_there_is_nothing_else_and_the_other_way_round(visitor: Visitor) -> None:
    for path in ("/", "/sit/en", "/staff"):
        assert (visitor.get(path).status, visitor.get(path, Host=HOST).status) == (200, 404)
    assert visitor.post("/sit/en/sign", TYPED, Host=HOST).status == 404
    assert (visitor.get("/phone").status, visitor.get("/phone", Host=HOST).status) == (404, 200)
    assert visitor.get("/phone", Host="evil.example").status == 421
    assert visitor.post("/phone/open", {}, Host=HOST, Origin="https://evil.example").status == 403
    assert "Auf dem eigenen Telefon" in visitor.get("/phone", Host=HOST, Accept_Language="de-CH,en").data.decode()


def test_the_receipt_can_be_saved_on_the_phone(visitor: Visitor, phone: Phone, phones: Phones) -> None:
    page = phone.sign_with(phone.opened(hand(visitor, phones, language="de")))[1]
    mark = re.search(r'name="mark" value="([^"]+)"', page)
    assert mark is not None
    fields = {"mark": mark[1], "secret": secret_in(page.encode()), "kind": "receipt", "language": "de"}
    assert '"secret"' in phone.ask("/receipt/file", **fields)[1]
    answer = phone.post("/receipt/file", {**fields, "kind": "paper"}, Host=HOST)
    assert answer.data.startswith(b"%PDF-")


def test_without_phones_nobody_is_offered_them(studio: Studio, visitor: Visitor) -> None:
    assert b"own phone, with a passkey" in visitor.get("/sit/en").data
    with kiosk(studio) as server:
        bare = Visitor(server)
        assert b'value="passkey"' not in bare.get("/sit/en").data
        assert bare.post("/sit/en/phone", ON_PHONE).status == 404


def test_where_a_witness_signs_phones_cannot_be_used(studio: Studio) -> None:
    job = Job(find_template("stock-release", studio.path).template)
    message = "template stock-release: a witness sees the person sign, which they cannot on a phone"
    with refused(RefusedError, message, code="phones-signer", hint="leave out --phones, or ask by another template"):
        job.check_alone()


def test_no_more_than_so_many_are_on_their_way(studio: Studio) -> None:
    phones = Phones(f"https://{HOST}")
    with kiosk(studio, phones=phones) as server:
        visitor = Visitor(server)
        secret = hand(visitor, phones)
        kept = phones._kept[secret].handed
        for number in range(MAX_HANDED - 1):
            phones.begin(Handed(str(number), "en", kept.request, ()))
        with refused(RefusedError, "phones: too many sittings are on their way", code="phones-full"):
            phones.begin(Handed("more", "en", kept.request, ()))
        answer = visitor.post("/sit/en/phone", {**ON_PHONE, "mark": visitor.mark("/sit/en")})
        assert (answer.status, json.loads(answer.data)["field"]) == (422, None)


def test_the_address_for_phones_is_one_that_passkeys_are_bound_to() -> None:
    assert parse_origin("https://Kiosk.Studio.example/") == "https://kiosk.studio.example"
    assert parse_origin("https://kiosk.studio.example:8443") == "https://kiosk.studio.example:8443"
    for url in (
        "http://kiosk.studio.example",
        "https://192.0.2.1",
        "https://localhost",
        "kiosk.example",
        "https://a.b/c",
    ):
        with pytest.raises(InputError) as caught:
            parse_origin(url)
        assert caught.value.code == "phones-address"


def test_nothing_is_written_before_it_is_signed(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = make_studio(tmp_path_factory.mktemp("quiet") / "studio")
    phones = Phones(f"https://{HOST}")
    with kiosk(made, phones=phones) as server:
        size = made.database.head().size
        secret = hand(Visitor(server), phones)
        said = Phone(server).opened(secret)
        assert made.database.head().size == size
        found = b"".join(path.read_bytes() for path in made.path.rglob("*") if path.is_file())
        assert "Ångström".encode() not in found
        payload = parse_object(phones._kept[said["secret"]].handed.request.payload, place="payload")
        assert str(payload["record_id"]).encode() not in found
    made.close()
