// Reads every card of the corpus with Microsoft's own renderer, for clients that know version 1.5:
// no complaint may be left, and every button must carry what it is meant to.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The package's modules lack the ends of their file names, so only a bundler reads them.
const AC = createRequire(import.meta.url)("adaptivecards/dist/adaptivecards.js");

const corpus = JSON.parse(readFileSync(process.argv[2], "utf8"));
const faults = [];
let actions = 0;
for (const { name, card } of corpus.cards) {
  const context = new AC.SerializationContext(new AC.Version(1, 5));
  const parsed = new AC.AdaptiveCard();
  parsed.parse(card, context);
  for (let i = 0; i < context.eventCount; i++) {
    faults.push(`${name}: ${context.getEventAt(i).message}`);
  }
  for (const event of parsed.validateProperties().validationEvents) {
    faults.push(`${name}: ${event.message}`);
  }
  const found = executes(parsed);
  const wanted = JSON.stringify(card).split('"Action.Execute"').length - 1;
  if (found.length !== wanted) {
    faults.push(`${name}: ${wanted} buttons were sent, ${found.length} were read`);
  }
  for (const { verb, data } of found) {
    const token = data?.button?.split(".")[1];
    if (verb !== token || !data.seen_at || Object.keys(data).length !== 2) {
      faults.push(`${name}: the button ${verb} carries ${JSON.stringify(data)}`);
    }
  }
  actions += found.length;
}
console.log(JSON.stringify({ cards: corpus.cards.length, actions, faults }));

// Those of the card and of the cards that its buttons unfold.
function executes(card) {
  const all = [];
  const visit = (element) => {
    for (let i = 0; i < (element.getActionCount?.() ?? 0); i++) {
      const action = element.getActionAt(i);
      if (action instanceof AC.ExecuteAction) {
        all.push({ verb: action.verb, data: action.data });
      }
      if (action instanceof AC.ShowCardAction) {
        visit(action.card);
      }
    }
    for (let i = 0; i < (element.getItemCount?.() ?? 0); i++) {
      visit(element.getItemAt(i));
    }
  };
  visit(card);
  return all;
}
