// A person at the demo: sends a request, tries to approve it as the one who asked, approves it as
// the three who may, and sees the answer arrive. Takes a screenshot at the end, or where it fails.

import { chromium } from "playwright-core";

const [url, executablePath, profile, screenshot] = process.argv.slice(2);

// Without these the browser looks for hosts that a closed network does not have.
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const context = await chromium.launchPersistentContext(profile, {
  args,
  executablePath,
  headless: true,
  viewport: { width: 1280, height: 900 },
});
const page = context.pages()[0] ?? (await context.newPage());
const errors = [];
page.on("pageerror", (error) => errors.push(String(error)));
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));

const shop = "#channel-shop-approvals";

const be = (name) => page.getByRole("link", { name }).first().click();
const send = (what) => page.getByRole("button", { name: what, exact: true }).click();
const see = (place, text) => page.locator(place).getByText(text).first().waitFor();

// What needs more than one click opens a form first.
async function approve(place) {
  const opener = page.locator(`${place} [aria-label^="Approve."]`).first();
  await opener.click();
  const form = page.locator(`${place} details[open] button[type=submit]`);
  if ((await form.count()) > 0) await form.first().click();
}

try {
  await page.goto(url);
  await send("write prod");
  await be(/Dana/);
  await approve(shop);
  await see(shop, /You asked for this, so you can't approve it/);
  await be(/Erin/);
  await approve(shop);
  await see(shop, /1 of 3/);
  await be(/Farid/);
  await approve(shop);
  await see(shop, /2 of 3/);
  await be(/Sam/);
  await approve("#channel-security");
  await see("#log", /access_request\.approved/);
  if (errors.length > 0) throw new Error(`the page complained: ${errors.join("; ")}`);
  console.log("refused to the one who asked, approved by three who may, and the server was told");
} finally {
  await page.screenshot({ path: screenshot, fullPage: true });
  await context.close();
}
