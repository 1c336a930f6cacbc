// Countersign and Microsoft 365 Agents Playground, by hand, before a release: docs/guides/teams-trial.md
// says how. Not a part of `cargo xtask test`: the licence of the Playground allows evaluation only, so
// whoever runs this installs it themselves. It listens to the whole network, hence a namespace of its own.
//
//   node trial.mjs FOLDER    FOLDER/node_modules holds the Playground and playwright-core

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Client } from "./client.mjs";
import { ask, furnish, play, serve, status } from "./place.mjs";

const FOLDER = resolve(process.argv[2] ?? ".");
const { CHROMIUM = "/usr/bin/chromium" } = process.env;

if (process.env.IN_NAMESPACE !== "yes") {
  console.log("Not a part of `cargo xtask test`: the Playground may be evaluated, not shared or shipped.");
  const script = 'ip link set lo up && exec "$0" "$@"';
  const again = ["-rn", "sh", "-c", script, process.execPath, fileURLToPath(import.meta.url), FOLDER];
  const run = spawn("unshare", again, { stdio: "inherit", env: { ...process.env, IN_NAMESPACE: "yes" } });
  run.on("exit", (code) => process.exit(code ?? 1));
} else {
  await trial();
}

async function trial() {
  const place = furnish();
  const say = (words) => console.log(`${new Date().toISOString().slice(11, 19)}  ${words}`);
  say(`files and screenshots in ${place}`);
  let service = await serve(place);
  const playground = await play(place, FOLDER);
  const { chromium } = createRequire(join(FOLDER, "x.js"))("playwright-core");
  const browser = await chromium.launchPersistentContext(join(place, "profile"), {
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
    executablePath: CHROMIUM,
    headless: true,
    viewport: { width: 1280, height: 1100 },
  });
  try {
    const page = browser.pages()[0] ?? (await browser.newPage());
    const client = new Client(page);
    await client.open();
    say("installed: the channel is open, and the app is told");

    const first = await ask(place, "Fix the duplicates of this morning");
    await client.reads("Approval needed: Shop Admin wants to change orders");
    await client.screenshot(place, "1-asked.png", "Approval needed");
    say("a card, as a new thread");

    await client.as("29:1dana", () => client.press("Approve"));
    await client.reads("You asked for this, so you can't approve it.");
    await client.screenshot(place, "2-refused.png", "You asked for this");
    say("the requester presses Approve: refused, in a banner");
    await client.as("29:1gus", () => client.press("Approve"));
    await client.reads("This account isn't linked to a person");
    say("a stranger presses Approve: refused, in a banner");

    await client.as("29:1farid", () => client.press("Approve"));
    service.kill("SIGKILL");
    await client.reads("1 of 2 approved");
    await client.screenshot(place, "3-one-of-two.png", "1 of 2 approved");
    say("Farid presses Approve: 1 of 2 approved; then kill -9 at once");
    service = await serve(place);
    say("a new process over the same database");

    await client.withAnOldOne(() => client.press("Approve"));
    say("Erin presses Approve by Action.Submit, as an old client");
    await client.reads("Approved: Shop Admin may change orders");
    await client.isWithout("Approve");
    await client.screenshot(place, "4-approved.png", "Approved: Shop Admin");
    assert.equal(await status(place, first), "approved");
    say("the card is drawn anew: Approved, and no button left");

    const second = await ask(place, "Cancel the order of this customer");
    await client.reads("Cancel the order of this customer");
    await client.deny("Too broad", "only this one order");
    await client.reads("Denied: Shop Admin may not change orders");
    await client.reads("only this one order");
    await client.screenshot(place, "5-denied.png", "Denied: Shop Admin");
    assert.equal(await status(place, second), "denied");
    say("Erin unfolds Deny…, chooses and types by keyboard: the card says Denied, and why");
    await client.openChat();
    await client.reads("Recorded.");
    await client.screenshot(place, "6-told.png", "Recorded.");
    say("in her personal chat Erin reads what became of her first press");
  } catch (error) {
    await browser.pages()[0]?.screenshot({ path: join(place, "failed.png") });
    throw error;
  } finally {
    await browser.close();
    service.kill();
    playground.kill();
  }
}
