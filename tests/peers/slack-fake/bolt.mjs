// Slack's own Bolt receives what the fake sends: its signature check, and listeners for each kind.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { App, HTTPReceiver, LogLevel, verifySlackRequest } from "@slack/bolt";
import { card, modal, startFake } from "./fake.mjs";

let fake;
let app;
const heard = [];
before(async () => {
  fake = await startFake();
  app = await bolt(fake);
});
after(async () => {
  await app.stop();
  fake.stop();
});

async function bolt(fake) {
  const receiver = new HTTPReceiver({ signingSecret: "signing-secret", logLevel: LogLevel.ERROR });
  const app = new App({
    receiver,
    token: fake.tokens[0],
    clientOptions: { slackApiUrl: fake.apiUrl, retryConfig: { retries: 0 } },
    logLevel: LogLevel.ERROR,
  });
  const write = (kind, rest) => heard.push({ kind, ...rest });
  app.action("approve", async ({ ack, body, action, respond }) => {
    await ack();
    write("action", { body, action });
    await respond({ response_type: "ephemeral", replace_original: false, text: "noted" });
  });
  app.action("deny", async ({ ack, body, client }) => {
    await client.views.open({ trigger_id: body.trigger_id, view: modal });
    await ack();
  });
  app.view("deny", async ({ ack, body, view }) => {
    write("view", { body, view });
    const why = view.state.values.words.words.value;
    if (why) return ack();
    return ack({ response_action: "errors", errors: { words: "Say in a few words why" } });
  });
  app.view({ callback_id: "deny", type: "view_closed" }, async ({ ack, body }) => {
    await ack();
    write("closed", { body });
  });
  app.command("/countersign", async ({ ack, command }) => {
    write("command", { command });
    await ack({ response_type: "ephemeral", text: `you said ${command.text}` });
  });
  for (const type of ["app_uninstalled", "app_home_opened", "channel_shared"]) {
    app.event(type, async ({ event, body, context }) => write("event", { event, body, context }));
  }
  const port = await freePort();
  await app.start({ host: "127.0.0.1", port });
  const url = `http://127.0.0.1:${port}/slack/events`;
  await fake.control("connect", { interactions: url, commands: url, events: url });
  return app;
}

function freePort() {
  return new Promise((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}

const last = (kind) => heard.findLast((one) => one.kind === kind);
const acknowledged = { status: 200, body: "" };

test("what the fake signs, Bolt accepts; tampered, foreign or old, it does not", async () => {
  const signed = (age_s) => fake.control("sign_event", { team: "T1", event: { type: "team_join" }, age_s });
  const verify = ({ headers, body }, signingSecret = "signing-secret") =>
    verifySlackRequest({ signingSecret, body, headers });
  verify(await signed(0));
  verify(await signed(299));
  const good = await signed(0);
  assert.throws(() => verify({ ...good, body: `${good.body} ` }), /signature mismatch/);
  assert.throws(() => verify(good, "another-secret"), /signature mismatch/);
  assert.throws(() => verify({ ...good, headers: { ...good.headers, "x-slack-request-timestamp": "1" } }), /stale/);
  assert.throws(() => verify({ ...good, headers: { ...good.headers, "x-slack-signature": "v1=00" } }), /version/);
});

test("the URL of the events is verified", async () => {
  const answer = await fake.control("url_verification", { challenge: "c1" });
  assert.deepEqual(JSON.parse(answer.body), { challenge: "c1" });
  assert.equal((await fake.control("ssl_check")).status, 200);
});

test("a click reaches its listener, and its response URL answers", async () => {
  const posted = await app.client.chat.postMessage({ channel: "C1", ...card });
  assert.deepEqual(await fake.control("click", { user: "U1", channel: "C1", button: "Approve" }), acknowledged);
  await until(async () => (await fake.state()).ephemerals.length > 0);
  const { body, action } = last("action");
  assert.deepEqual([action.value, body.container.message_ts, body.user.team_id], ["token-1", posted.ts, "T1"]);
  assert.equal(body.is_enterprise_install, false);
  assert.equal((await fake.state()).ephemerals[0].text, "noted");
});

test("a modal opens, complains, is filled in and closes", async () => {
  await fake.control("click", { user: "U1", channel: "C1", button: "deny" });
  assert.equal((await fake.state()).modals.U1.length, 1);
  await assert.rejects(fake.control("submit", { user: "U1", entries: {} }), /has to be filled in/);
  const answer = await fake.control("submit", { user: "U1", entries: { reason: ["broad"] } });
  assert.equal(JSON.parse(answer.body).response_action, "errors");
  assert.equal((await fake.state()).modals.U1.length, 1);
  await fake.control("submit", { user: "U1", entries: { reason: ["broad"], words: "refunds only" } });
  const { view } = last("view");
  assert.equal(view.state.values.reason.reason.selected_option.value, "broad");
  assert.equal(view.private_metadata, "token-2");
  assert.deepEqual((await fake.state()).modals.U1, []);
});

test("somebody of another company brings their own ids, and ours stands in one place", async () => {
  await app.client.chat.postMessage({ channel: "C2", ...card });
  await fake.control("click", { user: "U9", channel: "C2", button: "deny" });
  await fake.control("submit", { user: "U9", entries: { reason: ["other"], words: "x" } });
  const { body } = last("view");
  assert.deepEqual([body.team.id, body.user.team_id, body.view.team_id], ["T2", "T2", "T2"]);
  assert.equal(body.view.app_installed_team_id, "T1");
});

test("an installation of a whole organisation says no team", async () => {
  await app.client.chat.postMessage({ token: fake.tokens[2], channel: "C6", ...card });
  await fake.control("click", { user: "W1", channel: "C6", button: "approve" });
  const { body } = last("action");
  assert.deepEqual([body.team, body.is_enterprise_install, body.enterprise.id], [null, true, "E1"]);
});

test("closing a modal is told", async () => {
  await fake.control("click", { user: "U1", channel: "C1", button: "deny" });
  assert.deepEqual(await fake.control("close", { user: "U1" }), acknowledged);
  await until(() => last("closed"));
  assert.equal(last("closed").body.is_cleared, false);
});

test("a command and its answer", async () => {
  await fake.control("slash", { user: "U1", channel: "C1", line: "/countersign why arq_7F" });
  assert.equal(last("command").command.text, "why arq_7F");
  const { ephemerals } = await fake.state();
  assert.equal(ephemerals.at(-1).text, "you said why arq_7F");
});

test("events", async () => {
  assert.deepEqual(await fake.control("open_home", { user: "U1" }), acknowledged);
  assert.equal(last("event").event.type, "app_home_opened");
  const event = { type: "channel_shared", connected_team_id: "T2", channel: "C1" };
  await fake.control("event", { team: "T1", event });
  assert.deepEqual([last("event").context.teamId, last("event").event.channel], ["T1", "C1"]);
  const gone = await fake.control("uninstall", { site: { team: "T1" } });
  assert.deepEqual(gone.map((answer) => answer.status), [200, 200]);
  assert.equal(last("event").event.type, "app_uninstalled");
});

test("nothing was unacknowledged or unknown", async () => {
  const { leftovers } = await fake.state();
  assert.deepEqual(leftovers.filter((line) => !line.includes("read")), []);
});

async function until(holds) {
  while (!(await holds())) await new Promise((next) => setTimeout(next, 5));
}
