// Starts the fake Teams and speaks to its control door; and logs in to it as Microsoft's MSAL does.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { ConfidentialClientApplication } from "@azure/msal-node";
import connector from "botframework-connector";

export const seed = JSON.parse(readFileSync("seed.json", "utf8"));
const LOGIN = "https://login.microsoftonline.com";

export async function startFake() {
  const program = spawn(process.env.FAKE_TEAMS, ["--seed", "seed.json"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: program.stdout }), "line");
  const { service_url: serviceUrl, token_url: tokenUrl } = JSON.parse(line);
  const { origin } = new URL(serviceUrl);
  return { serviceUrl, origin: new URL(tokenUrl).origin, control, state, stop: () => program.kill() };

  async function control(verb, body = {}) {
    const response = await fetch(`${origin}/_control/${verb}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${verb}: ${await response.text()}`);
    return response.json();
  }

  async function state() {
    return (await fetch(`${origin}/_control/state`)).json();
  }
}

// MSAL speaks https to Microsoft's login alone: what it says there, the fake hears.
export function credentials(fake, proof, tenant = seed.bot.tenant) {
  const authority = `${LOGIN}/${tenant}`;
  const send = async (url, options, method) => {
    const { headers, body } = options ?? {};
    const answer = await fetch(url.replace(LOGIN, fake.origin), { method, headers, body });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.json() };
  };
  const networkClient = {
    sendGetRequestAsync: (url, options) => send(url, options, "GET"),
    sendPostRequestAsync: (url, options) => send(url, options, "POST"),
  };
  const authorityMetadata = JSON.stringify({
    issuer: `${authority}/v2.0`,
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  });
  const application = new ConfidentialClientApplication({
    auth: { clientId: seed.bot.app_id, authority, authorityMetadata, knownAuthorities: [new URL(LOGIN).host], ...proof },
    system: { networkClient },
  });
  const scope = connector.AuthenticationConstants.ToChannelFromBotOAuthScope;
  return new connector.MsalAppCredentials(application, seed.bot.app_id, undefined, scope);
}
