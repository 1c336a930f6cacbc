// Draws every card in headless Chromium with Microsoft's own renderer, Markdown on, every form
// unfolded. Text from outside must be text: no link, no style, no date. Then somebody presses.

import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [corpusPath, executablePath, profile] = process.argv.slice(2);
const corpus = JSON.parse(readFileSync(corpusPath, "utf8"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  args: ["--no-sandbox"],
  offline: true,
});
const page = await browser.newPage();
await page.setContent("<!doctype html><main></main>");
await page.addScriptTag({ path: "node_modules/adaptivecards/dist/adaptivecards.js" });
await page.addScriptTag({ path: "node_modules/markdown-it/dist/markdown-it.js" });
await page.evaluate(() => {
  const markdown = window.markdownit({ html: true, linkify: false });
  AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = markdown.render(text);
    result.didProcess = true;
  };
  window.draw = (card) => {
    const drawn = new AdaptiveCards.AdaptiveCard();
    drawn.parse(card, new AdaptiveCards.SerializationContext(new AdaptiveCards.Version(1, 5)));
    window.pressed = [];
    drawn.onExecuteAction = (action) => {
      action.prepareForExecution?.();
      window.pressed.push({ verb: action.verb, data: action.data });
    };
    document.querySelector("main").replaceChildren(drawn.render());
  };
});

const faults = [];
const MARKUP = "a, img, em, strong, b, i, code, pre, del, s, li, hr, h1, h2, h3, h4, h5, h6, table, blockquote";
for (const { name, card } of corpus.cards) {
  await page.evaluate((card) => window.draw(card), card);
  const found = await page.evaluate((markup) => {
    const main = document.querySelector("main");
    const seen = { elements: [], text: "" };
    const look = () => {
      for (const each of main.querySelectorAll(markup)) seen.elements.push(each.outerHTML);
      seen.text += main.innerText;
    };
    look();
    for (const label of ["Approve…", "Approve less…", "Deny…"]) {
      const buttons = [...main.querySelectorAll("button")];
      const button = buttons.find((each) => each.innerText === label);
      if (button) {
        button.click();
        look();
      }
    }
    return seen;
  }, MARKUP);
  // The list of what waits leads to the cards, by addresses of ours.
  const ours = name === "waiting" ? (html) => html.startsWith("<a ") : () => false;
  for (const html of found.elements.filter((html) => !ours(html))) {
    faults.push(`${name}: ${html.slice(0, 200)}`);
  }
  if (/\{\{(DATE|TIME)/.test(found.text) || /1\/1\/2026|Jan(uary)? 1, 2026/.test(found.text)) {
    faults.push(`${name}: a date of ours is not drawn, or one from outside is`);
  }
}

// A field that must be filled in holds back its own button and no other.
const open = corpus.cards.find(({ name }) => name === "Pending Short").card;
await page.evaluate((card) => window.draw(card), open);
const titled = (title) => page.locator(`main button:visible`, { hasText: new RegExp(`^${title}$`) });
const pressed = () => page.evaluate(() => window.pressed);
await titled("Approve…").click();
await titled("Approve").click();
if ((await pressed()).length !== 0) faults.push("Approve counts without its number");
await page.locator("main input:visible").first().click();
await page.keyboard.type("42");
await titled("Approve").click();
await titled("Approve less…").click();
await titled("Approve less").click();
await titled("Deny…").click();
await titled("Deny").click();
await titled("Details").click();
const sent = (await pressed()).map(({ verb, data }) => {
  const { button, seen_at, ...fields } = data;
  return [verb, button.split(".")[1], fields];
});
const wanted = [
  ["approve", "approve", { "approve-number": "42" }],
  ["approve_less", "approve_less", { "approve_less-scopes": "0,1", "approve_less-valid_for": "3600" }],
  ["details", "details", {}],
];
if (JSON.stringify(sent) !== JSON.stringify(wanted)) {
  faults.push(`pressed ${JSON.stringify(sent)}`);
}
await browser.close();
console.log(JSON.stringify({ cards: corpus.cards.length, faults }));
