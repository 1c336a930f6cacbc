// Microsoft's own client of the Bot Connector calls every route that our adapter calls, on the fake.
// What it is answered is held against the client's own descriptions of it: a member of another kind,
// or one that it has no name for, is a fault. Prints one line: what was called, and the faults.

import assert from "node:assert/strict";
import connector from "botframework-connector";
import connectorApi from "botframework-connector/lib/connectorApi/connectorClient.js";
import teamsMappers from "botframework-connector/lib/teams/models/mappers.js";
import { credentials, seed, startFake } from "./fake.mjs";

const { ConnectorClient, TeamsConnectorClient } = connector;
const { ConnectorMappers } = connectorApi;
const { tenant, app_id: appId } = seed.bot;
const [TEAM, BARE] = seed.teams.map((team) => team.id);
const [SHOP, , AWAY] = seed.channels.map((channel) => channel.id);
const [ERIN, GUS] = seed.people;

const fake = await startFake();
const faults = [];
const calls = { routes: new Set(), answers: 0, refusals: 0, tokens: 0 };

// What each thing has, by the client's descriptions. Its type of a member is a ChannelAccount with more,
// of which the description knows only the rest; and a page holds members of Teams.
const composite = (className) => ({ type: { name: "Composite", className } });
const kinds = Object.fromEntries(
  Object.entries({ ...teamsMappers, ...ConnectorMappers }).map(([name, { type }]) => [name, type.modelProperties]),
);
kinds.TeamsChannelAccount = { ...kinds.ChannelAccount, ...teamsMappers.TeamsChannelAccount.type.modelProperties };
const people = { type: { name: "Sequence", element: composite("TeamsChannelAccount") } };
kinds.PagedMembersResult = { ...kinds.PagedMembersResult, members: { serializedName: "members", ...people } };

// What a mapper of the client says of a body.
function misfits(mapper, value, path) {
  const { name, className, element } = mapper.type;
  if (name === "Composite") {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (!isObject) return [`${path} is no ${className}`];
    return Object.entries(value).flatMap(([member, inner]) => {
      const own = Object.values(kinds[className]).find((one) => one.serializedName === member);
      return own ? misfits(own, inner, `${path}.${member}`) : [`${path}.${member} is in no ${className}`];
    });
  }
  if (name === "Sequence") {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((inner, index) => misfits(element, inner, `${path}[${index}]`));
  }
  const isFitting = { String: typeof value === "string" || value === null, Object: true }[name];
  return isFitting ? [] : [`${path} is no ${name}`];
}

function heard(route, kind, answer) {
  calls.routes.add(route);
  calls.answers += 1;
  faults.push(...misfits(composite(kind), JSON.parse(answer._response.bodyAsText), route));
  return answer;
}

async function refused(route, status, code, call) {
  const error = await call.then(
    () => assert.fail(`${route}: it was not refused`),
    (error) => error,
  );
  calls.refusals += 1;
  const body = JSON.parse(error.response?.bodyAsText ?? "null");
  if (error.statusCode !== status) faults.push(`${route}: ${error.statusCode} in place of ${status}`);
  if (body?.error?.code !== code) faults.push(`${route}: ${JSON.stringify(body)} in place of ${code}`);
  faults.push(...misfits(composite("ErrorResponse"), body, `${route} refused`));
  return error;
}

const client = (Kind, proof) => {
  const made = new Kind(proof, { baseUri: fake.serviceUrl });
  const { pipeline } = made.client;
  // Every refusal is to be seen, the first one too.
  for (const policy of pipeline.getOrderedPolicies()) {
    if (/retry/i.test(policy.name)) pipeline.removePolicy({ name: policy.name });
  }
  return made;
};
const secret = credentials(fake, { clientSecret: seed.bot.secret });
const conversations = client(ConnectorClient, secret).conversations;
const teams = client(TeamsConnectorClient, secret).teams;

// Tokens.
for (const proof of [{ clientSecret: seed.bot.secret }, { clientAssertion: seed.bot.assertion }]) {
  assert.match(await credentials(fake, proof).getToken(true), /^connector-token-/);
  calls.tokens += 1;
}
await assert.rejects(credentials(fake, { clientSecret: "another" }).getToken(true), /invalid_client/);
calls.refusals += 1;

// A card as a new thread, a line in it, and the card drawn anew.
const card = (text) => ({
  contentType: "application/vnd.microsoft.card.adaptive",
  content: { type: "AdaptiveCard", version: "1.5", body: [{ type: "TextBlock", text }] },
});
const message = (text) => ({ type: "message", summary: text, attachments: [card(text)] });
const bot = { id: `28:${appId}` };
const thread = (channel, activity = message("Please decide")) =>
  conversations.createConversation({
    isGroup: true,
    bot,
    tenantId: tenant,
    channelData: { channel: { id: channel }, tenant: { id: tenant } },
    activity,
  });
const posted = heard("new thread", "ConversationResourceResponse", await thread(SHOP));
assert.equal(posted.id, `${SHOP};messageid=${posted.activityId}`);
const send = (id, text) => conversations.sendToConversation(id, message(text));
heard("send", "ResourceResponse", await send(posted.id, "By Erin"));
const redraw = (id, activity) => conversations.updateActivity(posted.id, id, activity);
const drawn = await redraw(posted.activityId, { ...message("Approved"), id: posted.activityId });
heard("redraw", "ResourceResponse", drawn);

// One person alone.
const chat = (id) =>
  conversations.createConversation({
    isGroup: false,
    bot,
    members: [{ id }],
    tenantId: tenant,
    channelData: { tenant: { id: tenant } },
  });
const alone = heard("new chat", "ConversationResourceResponse", await chat(ERIN.id));
heard("send", "ResourceResponse", await send(alone.id, "Recorded."));

// Who and what there is.
for (const id of [ERIN.id, ERIN.object]) {
  const member = await conversations.getConversationMember(SHOP, id);
  heard("member", "TeamsChannelAccount", member);
  assert.deepEqual([member.aadObjectId, member.tenantId, member.userRole], [ERIN.object, tenant, "user"]);
}
heard("channels", "ConversationList", await teams.fetchChannelList(TEAM));
heard("team", "TeamDetails", await teams.fetchTeamDetails(TEAM));

// The roster, page by page.
for (let number = 0; number < 60; number += 1) {
  const id = String(number).padStart(2, "0");
  await fake.control("person", { id: `29:1p${id}`, name: `p${id}`, object: `33333333-0000-4000-8000-0000000000${id}` });
}
const first = heard("roster", "PagedMembersResult", await conversations.getConversationPagedMembers(SHOP, { pageSize: 50 }));
const { continuationToken } = first;
assert.equal(first.members.length, 50);
const second = await conversations.getConversationPagedMembers(SHOP, { pageSize: 50, continuationToken });
heard("roster", "PagedMembersResult", second);
assert.deepEqual([second.members.length, second.continuationToken], [12, undefined]);

// What is refused, and how.
await refused("new thread", 403, "BotNotInConversationRoster", thread(AWAY));
await refused("new thread", 404, "ConversationNotFound", thread("19:nowhere@thread.tacv2"));
const large = { ...message("x"), text: "x".repeat(60_000) };
await refused("new thread", 413, "MessageSizeTooBig", thread(SHOP, large));
await refused("redraw", 404, "ActivityNotFoundInConversation", redraw("1", message("Approved")));
await refused("new chat", 404, "UserNotFound", chat("29:1nobody"));
const closed = await chat(GUS.id);
await refused("send", 403, "MessageWritesBlocked", send(closed.id, "Recorded."));
await refused("member", 404, "MemberNotFoundInConversation", conversations.getConversationMember(SHOP, "29:1nobody"));
await refused("channels", 403, "BotNotInConversationRoster", teams.fetchChannelList(BARE));
for (const status of [412, 500, 502, 504]) {
  await fake.control("misbehave", { at: "send", fault: { status } });
  await refused("send", status, "ServiceError", send(posted.id, "x"));
}
await fake.control("misbehave", { at: "send", fault: { rate_limited: { retry_after_s: 7 } } });
const limited = await refused("send", 429, "Throttled", send(posted.id, "x"));
assert.equal(limited.response.headers.get("retry-after"), "7");

// A token of another tenant is given, and good for nothing.
const stranger = credentials(fake, { clientSecret: seed.bot.secret }, "99999999-2222-4333-8444-555555555555");
await stranger.getToken(true);
const elsewhere = client(ConnectorClient, stranger).conversations;
await refused("member", 401, "Unauthorized", elsewhere.getConversationMember(SHOP, ERIN.id));

const { leftovers } = await fake.state();
faults.push(...leftovers.filter((line) => !line.startsWith("nobody read")));
fake.stop();
const { routes, ...counts } = calls;
console.log(JSON.stringify({ routes: routes.size, ...counts, faults }));
