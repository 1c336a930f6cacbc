// Slack's own Socket Mode client connects to the fake, acknowledges, and comes back when recycled.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { LogLevel, SocketModeClient } from "@slack/socket-mode";
import { WebClient } from "@slack/web-api";
import { card, startFake } from "./fake.mjs";

let fake;
let client;
before(async () => {
  fake = await startFake();
  await fake.control("use_socket_mode");
  client = new SocketModeClient({
    appToken: "xapp-1-A1-1000-token",
    logLevel: LogLevel.ERROR,
    clientPingTimeout: 1000,
    clientOptions: { slackApiUrl: fake.apiUrl, retryConfig: { retries: 0 } },
  });
  await client.start();
});
after(async () => {
  await client.disconnect();
  fake.stop();
});

test("clicks, commands and events come as envelopes", async () => {
  const web = new WebClient(fake.tokens[0], { slackApiUrl: fake.apiUrl, retryConfig: { retries: 0 } });
  await web.chat.postMessage({ channel: "C1", ...card });
  client.once("interactive", ({ ack }) => ack());
  const [clicked, [click]] = await Promise.all([
    fake.control("click", { user: "U1", channel: "C1", button: "Approve" }),
    once(client, "interactive"),
  ]);
  assert.deepEqual([clicked.status, click.body.type], [200, "block_actions"]);

  client.once("slash_commands", ({ ack }) => ack({ text: "nothing waits" }));
  await fake.control("slash", { user: "U1", channel: "C1", line: "/countersign list" });
  assert.equal((await fake.state()).ephemerals[0].text, "nothing waits");

  client.once("team_join", ({ ack }) => ack());
  const [told, [event]] = await Promise.all([
    fake.control("event", { team: "T1", event: { type: "team_join" } }),
    once(client, "team_join"),
  ]);
  assert.deepEqual([told.status, event.retry_num, event.accepts_response_payload], [200, 0, false]);
});

test("what is not acknowledged comes again after the connection was recycled", async () => {
  const attempts = [];
  const twice = new Promise((done) =>
    client.on("app_uninstalled", ({ ack, envelope_id, retry_num }) => {
      attempts.push([envelope_id, retry_num]);
      if (attempts.length === 2) done(ack());
    }),
  );
  const first = once(client, "app_uninstalled");
  const sending = fake.control("event", { team: "T1", event: { type: "app_uninstalled" } });
  await first;
  await fake.control("recycle_connections");
  await twice;
  await sending;
  assert.equal(attempts[0][0], attempts[1][0]);
  assert.deepEqual([attempts[0][1], attempts[1][1]], [0, 1]);
  const { leftovers } = await fake.state();
  assert.deepEqual(leftovers.filter((line) => line.startsWith("envelope")), []);
});
