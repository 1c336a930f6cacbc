// Reads one drawing a line, writes them as TypeScript that says what each must be, and lets the
// compiler judge them by Slack's own types. Says nothing but how many there were.

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";

const TYPES = { message: "ChatPostMessageArguments", modal: "ModalView", home: "HomeView" };

const source = [
  'import type { HomeView, KnownBlock, ModalView } from "@slack/types";',
  'import type { ChatPostMessageArguments } from "@slack/web-api";',
  // The compiler has to object to these, or it judges nothing.
  "// @ts-expect-error",
  'export const x1: KnownBlock[] = [{ type: "header", text: { type: "mrkdwn", text: "x" } }];',
  "// @ts-expect-error",
  'export const x2: KnownBlock[] = [{ type: "divider", colour: "red" }];',
];
let count = 0;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { kind, value } = JSON.parse(line);
  count += 1;
  source.push(`export const d${count}: ${TYPES[kind]} = ${JSON.stringify(value)};`);
  source.push(`export const b${count}: KnownBlock[] = ${JSON.stringify(value.blocks)};`);
}
writeFileSync("drawn.ts", source.join("\n"));
const options = "--noEmit --strict --skipLibCheck --module node16 --moduleResolution node16";
const tsc = ["node_modules/typescript/bin/tsc", ...options.split(" "), "drawn.ts"];
const { status } = spawnSync(process.execPath, tsc, { stdio: ["ignore", 2, 2] });
if (status !== 0) process.exit(1);
console.log(count);
