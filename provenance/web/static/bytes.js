// Bytes as JWS writes them: base64url without padding (RFC 7515, 2).
export const bytesOf = (text) => new TextEncoder().encode(text);

export const encode = (bytes) => {
  let text = "";
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};
