// What was written and the server has not confirmed. Survives a reload; a repeat carries the same key, so it is sent
// to the customer once however often it comes. One tab at a time empties it.

import { call } from "./page.js";

const PREFIX = "desk:outbox:";
const LONGEST_PAUSE_MS = 20_000;

export class Outbox {
  #report;
  #isDraining = false;
  #wake = () => {};

  // `report(entry, state, problem)`: "sending", "waiting", "refused" or "sent".
  constructor({ report }) {
    this.#report = report;
    addEventListener("online", () => this.nudge());
    document.addEventListener("desk:connected", () => this.nudge());
  }

  entries() {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => read(localStorage.getItem(key)))
      .filter(Boolean)
      .sort((one, other) => one.at - other.at);
  }

  of(thread) {
    return this.entries().filter((entry) => entry.thread === thread);
  }

  add(entry) {
    localStorage.setItem(PREFIX + entry.key, JSON.stringify(entry));
    this.#report(entry, "sending");
    this.nudge();
  }

  nudge() {
    this.#wake();
    this.#drain();
  }

  async #drain() {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (let failures = 0; this.entries().length; ) {
        const pauseMs = await this.#send(this.entries()[0], failures);
        failures = pauseMs ? failures + 1 : 0;
        if (pauseMs) await this.#pause(pauseMs);
      }
    } finally {
      this.#isDraining = false;
    }
  }

  // How long to wait before the next try; 0 when the entry is settled.
  async #send(entry, failures) {
    const path = entry.kind === "note" ? "notes" : "messages";
    try {
      await call("POST", `/dialogues/${entry.thread}/${path}`, { text: entry.text, key: entry.key, operator: entry.operator });
      localStorage.removeItem(PREFIX + entry.key);
      this.#report(entry, "sent");
      return 0;
    } catch (problem) {
      if (problem.isLasting) {
        localStorage.removeItem(PREFIX + entry.key);
        this.#report(entry, "refused", problem);
        return 0;
      }
      this.#report(entry, "waiting", problem);
      return Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures) * (0.75 + Math.random() / 2);
    }
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
