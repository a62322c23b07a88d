// A person's own phone: it shows what they decided at the kiosk, and a passkey signs it (WebAuthn, level 3).
import { bytesOf, encode } from "./bytes.js";

let secret = location.hash.slice(1);
// Read once: neither the history nor whoever takes the phone next finds the way here again.
history.replaceState(null, "", location.pathname);
let key = null; // the passkey that was made for this one signature, until it has signed

const shown = () => document.querySelector("main");
const tell = (text) => {
  const told = document.getElementById("told");
  told.textContent = text;
  told.hidden = false;
};

const ask = async (to, fields) => {
  const body = new URLSearchParams({ secret, ...fields });
  const answer = await fetch(to, { method: "POST", body, cache: "no-store", redirect: "error" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.querySelector("main")) throw new Error("no page");
  document.documentElement.lang = page.documentElement.lang;
  document.documentElement.dir = page.documentElement.dir;
  shown().replaceWith(page.querySelector("main"));
  window.scrollTo(0, 0);
  shown().querySelector("h1").focus({ preventScroll: true });
};

const make = (said) =>
  navigator.credentials.create({
    publicKey: {
      rp: { id: location.hostname, name: said.studio },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name: said.user, displayName: said.user },
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      // This device and no other: a stick or another phone could be the studio's.
      authenticatorSelection: { authenticatorAttachment: "platform", residentKey: "preferred", userVerification: "required" },
      attestation: "none",
    },
  });

const sign = async (said, made) => {
  const spki = await crypto.subtle.importKey("spki", made.response.getPublicKey(), { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", spki);
  const header = { alg: "urn:headshot-provenance:jws:webauthn-es256", jwk: { crv, kty, x, y }, ...JSON.parse(said.header) };
  const protectedHeader = encode(bytesOf(JSON.stringify(header)));
  const challenge = await crypto.subtle.digest("SHA-256", bytesOf(`${protectedHeader}.${said.payload}`));
  const allowCredentials = [{ type: "public-key", id: made.rawId, transports: ["internal"] }];
  const { response } = await navigator.credentials.get({
    publicKey: { challenge, rpId: location.hostname, allowCredentials, userVerification: "required" },
  });
  // In the order of their names, as canonical JSON has them.
  const parts = {
    authenticatorData: encode(response.authenticatorData),
    clientDataJSON: encode(response.clientDataJSON),
    signature: encode(response.signature),
  };
  return JSON.stringify({ protected: protectedHeader, signature: encode(bytesOf(JSON.stringify(parts))) });
};

const press = async (button) => {
  const said = shown().dataset;
  const label = button.textContent;
  document.getElementById("told").hidden = true;
  button.disabled = true;
  button.textContent = said.sending;
  try {
    if (key) {
      const signature = await sign(said, key);
      await ask("/phone/sign", { signature });
      key = null;
      return;
    }
    key = await make(said);
    // A second press for the second question: some browsers let a page ask once for each.
    button.textContent = said.sign;
  } catch (error) {
    button.textContent = label;
    const passkey = error instanceof DOMException;
    tell(!passkey ? said.offline : error.name === "NotAllowedError" || error.name === "AbortError" ? said.cancelled : said.unable);
  } finally {
    button.disabled = false;
  }
};

const begin = async () => {
  const offline = shown().dataset.offline;
  try {
    await ask("/phone/open", {});
  } catch {
    tell(offline);
    return;
  }
  const button = document.getElementById("sign");
  if (!button) return;
  // The link opens once; from here on, another secret is the way.
  secret = shown().dataset.secret;
  button.addEventListener("click", () => press(button));
  if (window.isSecureContext && window.PublicKeyCredential && globalThis.crypto?.subtle) return;
  button.disabled = true;
  tell(shown().dataset.unable);
};

window.addEventListener("pagehide", () => shown().replaceChildren());
begin();
