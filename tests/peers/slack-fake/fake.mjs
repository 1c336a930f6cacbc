// Starts the fake Slack for one file of tests and speaks to its control door.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const PROGRAM = process.env.FAKE_SLACK;

export async function startFake() {
  const program = spawn(PROGRAM, ["--seed", "seed.json"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: program.stdout }), "line");
  const { url, api_url: apiUrl, tokens } = JSON.parse(line);
  return { url, apiUrl: `${apiUrl}/`, tokens, control, state, stop: () => program.kill() };

  async function control(verb, body = {}) {
    const response = await fetch(`${url}/_control/${verb}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const said = await response.json();
    if (!response.ok) throw new Error(`${verb}: ${JSON.stringify(said)}`);
    return said;
  }

  async function state() {
    return (await fetch(`${url}/_control/state`)).json();
  }
}

export const plain = (text) => ({ type: "plain_text", text });

export const card = {
  text: "Please decide",
  blocks: [
    { type: "section", text: plain("Shop Admin wants in") },
    {
      type: "actions",
      elements: [
        { type: "button", action_id: "approve", text: plain("Approve"), value: "token-1" },
        { type: "button", action_id: "deny", text: plain("Deny…"), value: "token-2" },
      ],
    },
  ],
};

export const modal = {
  type: "modal",
  callback_id: "deny",
  private_metadata: "token-2",
  notify_on_close: true,
  title: plain("Deny"),
  submit: plain("Deny"),
  blocks: [
    {
      type: "input",
      block_id: "reason",
      label: plain("Why?"),
      element: {
        type: "radio_buttons",
        action_id: "reason",
        options: ["broad", "other"].map((value) => ({ text: plain(value), value })),
      },
    },
    {
      type: "input",
      block_id: "words",
      label: plain("In a few words"),
      optional: true,
      element: { type: "plain_text_input", action_id: "words", max_length: 500 },
    },
  ],
};
