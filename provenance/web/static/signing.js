// Signing with a key that the browser makes for this one signature and then forgets (WebCrypto, ES256, RFC 7515).
import { bytesOf, encode } from "./bytes.js";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };

// Whether this browser makes keys here: it does not on a page that came over plain HTTP from another computer.
export const canSign = () => Boolean(window.isSecureContext && globalThis.crypto?.subtle);

const signOne = async (payload, { role, initialled }, signedAt) => {
  const keys = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const header = { alg: "ES256", jwk: { crv, kty, x, y }, role, assurance: "session-key", signed_at: signedAt };
  if (initialled.length) header.initialled_scopes = initialled;
  const protectedHeader = encode(bytesOf(JSON.stringify(header)));
  const input = bytesOf(`${protectedHeader}.${payload}`);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, keys.privateKey, input);
  return { protected: protectedHeader, signature: encode(signature) };
};

// Return a studio's request with the signatures of everybody who signs here.
export const signRequest = async ({ request, payload, signers, signed_at: signedAt }) => {
  const document_ = JSON.parse(request);
  document_.signatures = [];
  for (const signer of signers) document_.signatures.push(await signOne(payload, signer, signedAt));
  return JSON.stringify(document_);
};
