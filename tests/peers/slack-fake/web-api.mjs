// Slack's own WebClient calls every method of the fake: good calls, refusals and misbehaviour.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { LogLevel, WebClient } from "@slack/web-api";
import { card, modal, plain, startFake } from "./fake.mjs";

let fake;
before(async () => (fake = await startFake()));
after(() => fake.stop());

const quiet = { debug() {}, info() {}, warn() {}, error() {}, setLevel() {}, setName() {}, getLevel: () => LogLevel.ERROR };
const client = (token = fake.tokens[0], more = {}) =>
  new WebClient(token, { slackApiUrl: fake.apiUrl, retryConfig: { retries: 0 }, logger: quiet, ...more });

async function refused(call, error) {
  await assert.rejects(call, (thrown) => {
    assert.equal(thrown.code, "slack_webapi_platform_error", String(thrown));
    assert.equal(thrown.data.error, error);
    return true;
  });
}

test("chat.postMessage, chat.update and threads", async () => {
  const web = client();
  const posted = await web.chat.postMessage({ channel: "C1", ...card });
  assert.match(posted.ts, /^\d{10}\.\d{6}$/);
  assert.equal(posted.message.blocks[1].elements[0].action_id, "approve");
  assert.deepEqual(posted.response_metadata.acceptedScopes, ["chat:write"]);
  const reply = await web.chat.postMessage({ channel: "C1", text: "By Erin", thread_ts: posted.ts });
  assert.equal(reply.message.thread_ts, posted.ts);
  const updated = await web.chat.update({ channel: "C1", ts: posted.ts, text: "Approved" });
  assert.equal(updated.text, "Approved");
  assert.equal(updated.message.blocks, undefined);
  assert.equal(updated.message.edited.user, posted.message.user);
});

test("what a channel refuses", async () => {
  const web = client();
  const post = (channel) => web.chat.postMessage({ channel, text: "x" });
  await refused(post("C0"), "channel_not_found");
  await refused(post("C3"), "is_archived");
  await refused(post("C4"), "not_in_channel");
  await refused(post("C6"), "channel_not_found");
  await refused(web.chat.postMessage({ channel: "C1" }), "no_text");
  await refused(web.chat.update({ channel: "C1", ts: "1.000001", text: "x" }), "message_not_found");
  await refused(web.chat.postEphemeral({ channel: "C1", user: "U9", text: "x" }), "user_not_in_channel");
  await refused(web.apiCall("chat.fly"), "unknown_method");
});

test("Block Kit is judged in Slack's words", async () => {
  const web = client();
  const blocks = Array.from({ length: 51 }, () => ({ type: "divider" }));
  const long = [{ type: "header", text: plain("x".repeat(151)) }];
  await refused(web.chat.postMessage({ channel: "C1", text: "x", blocks }), "invalid_blocks");
  await assert.rejects(web.chat.postMessage({ channel: "C1", text: "x", blocks: long }), (thrown) => {
    const said = "must be less than 151 characters [json-pointer:/blocks/0/text/text]";
    assert.deepEqual(thrown.data.errors, [said]);
    assert.deepEqual(thrown.data.response_metadata.messages, [`[ERROR] ${said}`]);
    return true;
  });
});

test("tokens and scopes", async () => {
  await refused(client("xoxb-nobody").auth.test(), "invalid_auth");
  await refused(client("").auth.test(), "not_authed");
  await refused(client(fake.tokens[1]).chat.postMessage({ channel: "C1", text: "x" }), "missing_scope");
  await refused(client().apps.connections.open(), "not_allowed_token_type");
  const me = await client().auth.test();
  assert.equal(me.team_id, "T1");
  assert.equal((await client(fake.tokens[2]).auth.test()).is_enterprise_install, true);
  assert.deepEqual(me.response_metadata.scopes.slice(0, 2), ["chat:write", "im:write"]);
});

test("direct messages and channels", async () => {
  const web = client();
  const opened = await web.conversations.open({ users: "U1" });
  const posted = await web.chat.postMessage({ channel: opened.channel.id, text: "for you" });
  assert.equal(posted.channel, opened.channel.id);
  assert.equal((await web.chat.postMessage({ channel: "U1", text: "again" })).channel, posted.channel);
  await refused(web.conversations.open({ users: "U0" }), "user_not_found");
  assert.equal((await web.chat.postEphemeral({ channel: "C1", user: "U1", text: "psst" })).ok, true);
  const info = async (channel) => (await web.conversations.info({ channel })).channel;
  assert.deepEqual([(await info("C2")).is_ext_shared, (await info("C1")).is_ext_shared], [true, false]);
  assert.deepEqual([(await info("C3")).is_archived, (await info("C4")).is_member], [true, false]);
  await refused(info(opened.channel.id), "missing_scope");
});

test("people and groups", async () => {
  const web = client();
  const user = async (user) => (await web.users.info({ user })).user;
  assert.equal((await user("U1")).profile.email, "erin@example.com");
  assert.equal((await user("U2")).is_restricted, true);
  assert.deepEqual([(await user("U9")).is_stranger, (await user("U9")).team_id], [true, "T2"]);
  await refused(user("W1"), "user_not_found");
  assert.equal((await web.users.lookupByEmail({ email: "erin@example.com" })).user.id, "U1");
  await refused(web.users.lookupByEmail({ email: "nobody@example.com" }), "users_not_found");
  const { usergroups } = await web.usergroups.list({ include_users: true });
  assert.deepEqual([usergroups[0].handle, usergroups[0].users], ["leads", ["U1"]]);
  assert.deepEqual((await web.usergroups.users.list({ usergroup: "S1" })).users, ["U1"]);
  await refused(web.usergroups.users.list({ usergroup: "S0" }), "no_such_subteam");
  await refused(client(fake.tokens[1]).usergroups.list(), "plan_upgrade_required");
  const org = client(fake.tokens[2]);
  await refused(org.usergroups.list(), "missing_argument");
  assert.deepEqual((await org.usergroups.list({ team_id: "T5" })).usergroups, []);
});

test("views for a trigger, once and within three seconds", async () => {
  const web = client();
  const trigger = await freshTrigger();
  await refused(web.views.open({ trigger_id: trigger, view: { ...modal, title: plain("x".repeat(25)) } }), "invalid_arguments");
  const { view } = await web.views.open({ trigger_id: trigger, view: modal });
  assert.equal(view.root_view_id, view.id);
  await refused(web.views.open({ trigger_id: trigger, view: modal }), "exchanged_trigger_id");
  await refused(web.views.open({ trigger_id: "1.2.x", view: modal }), "invalid_trigger_id");
  const pushed = await web.views.push({ trigger_id: await freshTrigger(), view: modal });
  assert.equal(pushed.view.previous_view_id, view.id);
  await web.views.push({ trigger_id: await freshTrigger(), view: modal });
  await refused(web.views.push({ trigger_id: await freshTrigger(), view: modal }), "push_limit_reached");
  const updated = await web.views.update({ view_id: view.id, hash: view.hash, view: modal });
  assert.notEqual(updated.view.hash, view.hash);
  await refused(web.views.update({ view_id: view.id, hash: view.hash, view: modal }), "hash_conflict");
  await refused(web.views.update({ view_id: "V0", view: modal }), "not_found");
  const late = await freshTrigger();
  await fake.control("advance", { seconds: 4 });
  await refused(web.views.open({ trigger_id: late, view: modal }), "expired_trigger_id");
  const home = { type: "home", blocks: card.blocks };
  assert.equal((await web.views.publish({ user_id: "U1", view: home })).view.type, "home");
  assert.equal((await fake.state()).homes.U1.type, "home");
});

test("a rate limit carries Retry-After, and other misbehaviour is what it says", async () => {
  const web = client(undefined, { rejectRateLimitedCalls: true });
  const strike = (fault) => fake.control("misbehave", { method: "chat.postMessage", channel: "C1", fault });
  const post = () => web.chat.postMessage({ channel: "C1", text: "x" });
  await strike({ rate_limited: { retry_after_s: 7 } });
  await assert.rejects(post(), (thrown) => {
    assert.deepEqual([thrown.code, thrown.retryAfter], ["slack_webapi_rate_limited_error", 7]);
    return true;
  });
  await strike({ status: 503 });
  await assert.rejects(post(), { code: "slack_webapi_http_error", statusCode: 503 });
  const before = (await fake.state()).messages.length;
  await strike("reply_lost");
  await assert.rejects(post(), { code: "slack_webapi_request_error" });
  assert.equal((await fake.state()).messages.length, before + 1);
  await strike("closed");
  await assert.rejects(post(), { code: "slack_webapi_request_error" });
  assert.equal((await fake.state()).messages.length, before + 1);
  await post();
});

test("OAuth: a code once, refresh, exchange, revocation and the end", async () => {
  const anyone = client("");
  const app = { client_id: "1000.A1", client_secret: "client-secret" };
  const redirect_uri = "http://127.0.0.1:9/callback";
  const link = new URL("/oauth/v2/authorize", fake.url);
  link.search = new URLSearchParams({ client_id: app.client_id, scope: "chat:write", redirect_uri, state: "s1", team: "T2" });
  const consent = await fetch(link, { redirect: "manual" });
  assert.equal(consent.status, 302);
  const back = new URL(consent.headers.get("location"));
  assert.equal(back.searchParams.get("state"), "s1");
  const code = back.searchParams.get("code");
  await refused(anyone.oauth.v2.access({ ...app, code }), "bad_redirect_uri");
  await refused(anyone.oauth.v2.access({ ...app, client_secret: "x", code }), "bad_client_secret");
  const first = await anyone.oauth.v2.access({ ...app, code, redirect_uri });
  assert.deepEqual([first.team.id, first.expires_in, first.is_enterprise_install], ["T2", 43_200, false]);
  assert.match(first.access_token, /^xoxe\.xoxb-/);
  await refused(anyone.oauth.v2.access({ ...app, code, redirect_uri }), "code_already_used");
  const refresh = (refresh_token) => anyone.oauth.v2.access({ ...app, grant_type: "refresh_token", refresh_token });
  const second = await refresh(first.refresh_token);
  assert.equal((await client(first.access_token).auth.test()).ok, true);
  await refused(refresh("xoxe-1-nothing"), "invalid_refresh_token");
  await refused(client(second.access_token).oauth.v2.exchange(app), "invalid_token");
  assert.equal((await client(first.access_token).auth.revoke()).revoked, true);
  await refused(client(first.access_token).auth.test(), "token_revoked");
  await fake.control("advance", { seconds: 43_200 });
  await refused(client(second.access_token).auth.test(), "token_expired");
  const third = await refresh(second.refresh_token);
  await client(third.access_token).apps.uninstall(app);
  await refused(client(third.access_token).auth.test(), "account_inactive");
});

test("the fake has heard no argument that it does not know", async () => {
  const { leftovers } = await fake.state();
  assert.deepEqual(leftovers.filter((line) => line.includes("does not know")), []);
});

// The trigger of a command. The app of this file does nothing else than hear it.
async function freshTrigger() {
  const app = createServer().listen(0, "127.0.0.1");
  await once(app, "listening");
  const url = `http://127.0.0.1:${app.address().port}`;
  await fake.control("connect", { interactions: url, commands: url, events: url });
  const typing = fake.control("slash", { user: "U1", channel: "C1", line: "/countersign" });
  const [request, response] = await once(app, "request");
  const trigger = new URLSearchParams(await text(request)).get("trigger_id");
  response.end();
  await typing;
  app.close();
  return trigger;
}
