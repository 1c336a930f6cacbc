// Where a trial happens: a folder of its own, the service and the Playground in it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const { COUNTERSIGN = join(HERE, "../../../target/debug/countersign") } = process.env;
const SERVICE = "http://127.0.0.1:3978";
export const PLAYGROUND = "http://127.0.0.1:56150";

// A folder with the configuration, and keys of this minute.
export function furnish() {
  const place = mkdtempSync(join(tmpdir(), "countersign-teams-"));
  for (const name of ["countersign.yaml", "policy.yaml", "catalogue.yaml", "people.yaml"]) {
    copyFileSync(join(HERE, name), join(place, name));
  }
  copyFileSync(join(HERE, "playground.yml"), join(place, ".m365agentsplayground.yml"));
  const keep = (name, secret) => writeFileSync(join(place, name), secret, { mode: 0o600 });
  keep("api.key", `cs_trial_${randomBytes(32).toString("base64url")}`);
  keep("unused.key", randomBytes(32).toString("base64"));
  keep("encryption.key", randomBytes(32).toString("base64"));
  return place;
}

export async function serve(place) {
  const started = start(place, "countersign.log", COUNTERSIGN, "serve", "--config", "countersign.yaml");
  await answers(`${SERVICE}/readyz`);
  return started;
}

export async function play(place, folder) {
  const program = join(folder, "node_modules/@microsoft/m365agentsplayground/cli.js");
  const endpoint = ["-e", `${SERVICE}/teams/messages`, "-c", "msteams", "-p", "56150"];
  const more = ["--service-url", `${PLAYGROUND}/_connector`, "--disable-telemetry"];
  const started = start(place, "playground.log", process.execPath, program, "start", ...endpoint, ...more);
  await answers(PLAYGROUND);
  return started;
}

function start(place, log, program, ...options) {
  const output = openSync(join(place, log), "a");
  return spawn(program, options, { cwd: place, stdio: ["ignore", output, output] });
}

async function answers(url) {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; await pause(100)) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return;
  }
  throw new Error(`${url} does not answer`);
}

async function call(place, path, body) {
  const key = readFileSync(join(place, "api.key"), "utf8").trim();
  const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
  const answer = await fetch(`${SERVICE}/access/v1/requests${path}`, {
    method: body ? "POST" : "GET",
    headers,
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${answer.status}`);
  return (await answer.json()).task;
}

export async function ask(place, justification) {
  const subject = { type: "user", id: "dana" };
  const wanted = { scope: "orders:write" };
  return (await call(place, "", { subject, requested_access: wanted, context: { justification } })).id;
}

export async function status(place, id) {
  return (await call(place, `/${id}`)).status;
}
