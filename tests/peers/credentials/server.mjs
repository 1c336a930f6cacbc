// A resource server in Node: validates the base token as always, then the credential, then redeems
// and executes what it has parsed. `serve` listens, told by the environment as the one in Rust;
// `judge FILE` says of each call of a corpus whether it would act, without asking anybody.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import canonicalize from "canonicalize";
import { createLocalJWKSet, createRemoteJWKSet, jwtVerify } from "jose";
import { strict } from "./strict.mjs";

const SKEW_S = 30;
const LONGEST_S = 300;

const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

function refuse(why) {
  throw new Error(why);
}

// What is about to be executed, and its hash.
function asked(body) {
  const { action, resource, parameters = {}, ...rest } = strict(body);
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  if (![action, resource, parameters].every(isObject)) refuse("no action");
  if (Object.keys(rest).length > 0) refuse("a member that nobody knows");
  return { action, hash: sha256(canonicalize({ action, resource, parameters })) };
}

async function base(rules, token, now) {
  const { payload } = await jwtVerify(token, rules.tokenKeys, {
    algorithms: ["ES256"],
    typ: "at+jwt",
    issuer: rules.tokenIssuer,
    audience: rules.audience,
    clockTolerance: SKEW_S,
    currentDate: new Date(now * 1000),
    requiredClaims: ["sub", "client_id", "exp", "iat"],
  });
  if (payload.iat - SKEW_S > now) refuse("the base token is of the future");
  return payload;
}

async function credential(rules, token, call, hash, now) {
  const [head, claims] = token.split(".").map((part) => Buffer.from(part, "base64url"));
  const header = strict(head);
  if (Object.keys(header).sort().join() !== "alg,kid,typ") refuse("a header with more or less");
  strict(claims);
  const { payload } = await jwtVerify(token, rules.keys, {
    algorithms: ["ES256"],
    typ: "countersign-action+jwt",
    issuer: rules.issuer,
    clockTolerance: SKEW_S,
    currentDate: new Date(now * 1000),
    requiredClaims: ["sub", "client_id", "exp", "iat", "jti", "txn", "approval"],
  });
  if (payload.aud !== rules.audience) refuse("meant for somebody else");
  if (payload.iat - SKEW_S > now || payload.exp - payload.iat > LONGEST_S) refuse("its time");
  if (payload.sub !== call.sub || payload.client_id !== call.client_id) refuse("somebody else's");
  const thumbprints = Object.values(payload.cnf ?? {});
  if (thumbprints.length > 1) refuse("two keys");
  const bound = [
    [payload.sid, call.sid],
    [payload.ath, call.ath],
    [thumbprints[0], call.cnf],
  ].filter(([wanted]) => wanted !== undefined);
  if (bound.length === 0 || bound.some(([wanted, own]) => wanted !== own)) refuse("another call's");
  const [detail, ...more] = payload.authorization_details ?? [];
  const fits =
    more.length === 0 &&
    detail?.type === "countersign_action" &&
    detail.params_hash_alg === "jcs-sha-256" &&
    detail.locations?.length === 1 &&
    detail.locations[0] === rules.audience;
  if (!fits) refuse("no such detail");
  if (detail.params_hash !== hash) refuse("something else was approved");
}

// Everything but spending the credential. A real server also checks the proof of the key.
async function judge(rules, { token, credential: presented, body, now }) {
  const claims = await base(rules, token, now);
  const { action, hash } = asked(body);
  const { sub, client_id, sid } = claims;
  const call = { sub, client_id, sid, ath: sha256(token), cnf: claims.cnf?.jkt };
  await credential(rules, presented, call, hash, now);
  return { action, hash, call };
}

async function judgeAll(path) {
  const corpus = JSON.parse(readFileSync(path, "utf8"));
  const rules = {
    issuer: corpus.issuer,
    audience: corpus.audience,
    keys: createLocalJWKSet(corpus.keys),
    tokenIssuer: corpus.token_issuer,
    tokenKeys: createLocalJWKSet(corpus.token_keys),
  };
  for (const call of corpus.calls) {
    const verdict = await judge(rules, { ...call, body: Buffer.from(call.body) }).then(
      () => "accepted",
      () => "refused",
    );
    console.log(verdict);
  }
}

async function redeem(env, token, { call, hash }, key) {
  const form = new URLSearchParams({ token, params_hash: hash });
  for (const [name, value] of Object.entries(call)) if (value) form.set(name, value);
  const answer = await fetch(`${env.COUNTERSIGN_URL}/access/v1/credentials/redeem`, {
    method: "POST",
    headers: { authorization: `Bearer ${env.COUNTERSIGN_API_KEY}`, "idempotency-key": key },
    body: form,
  });
  if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
  return (await answer.json()).active === true;
}

async function act(rules, env, request) {
  const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
  const presented = request.headers["countersign-action"];
  if (!token) return [401];
  if (!presented) {
    return [401, { "www-authenticate": 'Bearer error="transaction_authorization_required"' }];
  }
  const body = Buffer.concat(await request.toArray());
  const now = Math.floor(Date.now() / 1000);
  let judged;
  try {
    judged = await judge(rules, { token, credential: presented, body, now });
  } catch (why) {
    console.log(`refused: ${why.message}`);
    return [403];
  }
  const key = sha256(request.headers["idempotency-key"] ?? presented);
  if (!(await redeem(env, presented, judged, key))) return [403];
  // Here the action is carried out: what was parsed, not the body once more. A caller that
  // lost the answer comes again with the same key: carry out once for each.
  return [200, {}, `done: ${judged.action.name}\n`];
}

function serve(env) {
  const rules = {
    issuer: env.COUNTERSIGN_URL,
    audience: env.AUDIENCE,
    keys: createRemoteJWKSet(new URL(`${env.COUNTERSIGN_URL}/.well-known/jwks.json`)),
    tokenIssuer: env.TOKEN_ISSUER,
    tokenKeys: createRemoteJWKSet(new URL(env.TOKEN_JWKS)),
  };
  const server = createServer(async (request, response) => {
    const [status, headers, text] = await act(rules, env, request).catch(() => [503]);
    response.writeHead(status, headers).end(text);
  });
  server.listen(Number(env.PORT), "127.0.0.1", () => console.log("listening"));
}

const [mode, path] = process.argv.slice(2);
if (mode === "serve") serve(process.env);
else if (mode === "judge") await judgeAll(path);
else throw new Error("say `serve`, or `judge FILE`");
