// Judges tokens as Microsoft's own library for bots does. Reads the corpus that is named, serves its
// keys on this machine, and compares verdict by verdict. Where the two are known to differ, the
// difference has to be there: it says why we do as we do.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import connector from "botframework-connector";

const { ChannelValidation, JwtTokenValidation, SimpleCredentialProvider } = connector;

// The library does not look at these, or only where they are present; we refuse.
const STRICTER = new Set([
  "a key without endorsements",
  "alg RS384",
  "exp beyond all time",
  "no exp",
  ...["b64", "crit", "jku", "jwk", "x5c", "x5u"],
]);
// The library compares text as it stands; we take what means the same.
const MILDER = new Set(["aud of one in a list", "lower-case scheme", "serviceurl without its slash"]);

const corpus = JSON.parse(readFileSync(process.argv[2], "utf8"));
const server = createServer((request, response) => {
  const address = `http://127.0.0.1:${server.address().port}`;
  const metadata = { jwks_uri: `${address}/keys`, id_token_signing_alg_values_supported: ["RS256"] };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(request.url === "/keys" ? { keys: corpus.keys } : metadata));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
ChannelValidation.OpenIdMetadataEndpoint = `http://127.0.0.1:${server.address().port}/openid`;

// Whatever is refused, the library complains about it.
console.error = () => {};
const credentials = new SimpleCredentialProvider(corpus.app_id, "x");
const faults = [];
let accepted = 0;
for (const { name, header, activity, accepted: ours } of corpus.tokens) {
  const theirs = await JwtTokenValidation.authenticateRequest(activity, header, credentials, "").then(
    (identity) => identity.isAuthenticated,
    () => false,
  );
  accepted += Number(theirs);
  const differs = STRICTER.has(name) || MILDER.has(name);
  if (differs && (ours !== MILDER.has(name) || theirs === ours)) {
    faults.push(`${name}: the known difference is gone (ours ${ours}, theirs ${theirs})`);
  } else if (!differs && theirs !== ours) {
    faults.push(`${name}: ours ${ours}, theirs ${theirs}`);
  }
}
server.close();
console.log(JSON.stringify({ tokens: corpus.tokens.length, accepted, faults }));
