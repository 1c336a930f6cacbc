// The same promise as it comes to mind first: Bolt takes a click, better-sqlite3 writes it down for
// good, and only then is Slack answered.

import { App, HTTPReceiver, LogLevel } from "@slack/bolt";
import Database from "better-sqlite3";

const [host, port, file, signingSecret] = process.argv.slice(2);

const database = new Database(file);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
database.exec(`create table vote (
  button text not null, person text not null, at integer not null, primary key (button, person))`);
const insert = database.prepare("insert into vote (button, person, at) values (?, ?, ?)");

const logLevel = LogLevel.ERROR;
const endpoints = ["/slack/interactions"];
const app = new App({
  receiver: new HTTPReceiver({ signingSecret, endpoints, logLevel }),
  authorize: async () => ({ botToken: "xoxb-bench", botId: "B0BENCH", botUserId: "U0BENCH" }),
  logLevel,
});
app.action("approve", async ({ ack, action, body }) => {
  insert.run(action.value, body.user.id, Date.now());
  await ack();
});
await app.start({ host, port: Number(port) });
