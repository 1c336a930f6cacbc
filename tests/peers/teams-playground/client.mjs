// A person before the Playground, in a browser without a window.

import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { PLAYGROUND } from "./place.mjs";

const PATIENCE = 120_000;

// The page of the Playground. Its own requests are let through as it makes them; in the name of
// somebody else, only who it was is changed.
export class Client {
  constructor(page) {
    this.page = page;
    this.who = undefined;
    this.isOld = false;
  }

  async open() {
    await this.page.route("**/_conversation/v1/invoke", (route) => {
      const sent = route.request().postDataJSON();
      const from = this.who ? { id: this.who } : sent.from;
      if (!this.isOld) return route.continue({ postData: JSON.stringify({ ...sent, from }) });
      // A client that knows no Action.Execute sends the data of its fallback.
      const { name, value, ...rest } = sent;
      const data = { ...value.action.data, verb: value.action.verb };
      const postData = JSON.stringify({ ...rest, from, value: data });
      return route.continue({ url: `${PLAYGROUND}/_conversation/v1/submit`, postData });
    });
    await this.page.goto(PLAYGROUND);
    await this.page.getByText("approvals", { exact: true }).first().click();
    await this.page.getByText("Start a new post").waitFor();
    await pause(2_000);
  }

  async openChat() {
    await this.page.getByText("Personal Chat", { exact: true }).first().click();
  }

  async as(who, act) {
    this.who = who;
    await act();
    this.who = undefined;
  }

  // The button of the newest card, by keyboard.
  async press(name) {
    const answered = this.page.waitForResponse("**/_conversation/v1/*");
    await this.page.getByRole("button", { name, exact: true }).last().focus();
    await this.page.keyboard.press("Enter");
    await (await answered).finished();
  }

  async deny(reason, comment) {
    await this.page.getByRole("button", { name: "Deny…", exact: true }).last().focus();
    await this.page.keyboard.press("Enter");
    const choice = this.page.getByRole("radio", { name: reason });
    await choice.focus();
    await this.page.keyboard.press("Space");
    await this.page.getByRole("textbox", { name: "In a few words" }).focus();
    await this.page.keyboard.type(comment);
    await this.press("Deny");
  }

  async withAnOldOne(act) {
    this.isOld = true;
    await act();
    this.isOld = false;
  }

  async reads(words) {
    await this.page.getByText(words).last().waitFor({ timeout: PATIENCE });
  }

  async isWithout(name) {
    assert.equal(await this.page.getByRole("button", { name, exact: true }).count(), 0);
  }

  // The place where these words are.
  async screenshot(place, name, words) {
    await this.page.getByText(words).last().scrollIntoViewIfNeeded();
    await this.page.screenshot({ path: join(place, name) });
  }
}
