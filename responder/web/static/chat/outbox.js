// What the visitor sent and the server has not confirmed yet. Survives a reload; a repeat carries the same
// client_message_id, so the server stores it once however often it comes.

const PREFIX = "outbox:";
const LONGEST_PAUSE_MS = 30_000;

export class Outbox {
  #store;
  #session;
  #report;
  #queue = [];
  #isDraining = false;
  #wake = () => {};

  // `report(entry, state, answer)`: state is "sending", "waiting", "limited", "failed" or "sent".
  constructor({ store, session, report }) {
    this.#store = store;
    this.#session = session;
    this.#report = report;
  }

  // Entries that an earlier page left behind, oldest first; they are sent again.
  adopt() {
    const keys = this.#store.keys().filter((key) => key.startsWith(PREFIX));
    const entries = keys.map((key) => readEntry(this.#store.get(key))).filter(Boolean);
    this.#queue = entries.sort((one, other) => (one.sent_at < other.sent_at ? -1 : 1));
    return this.#queue;
  }

  add(entry) {
    this.#store.set(PREFIX + entry.client_message_id, JSON.stringify(entry));
    this.#queue.push(entry);
    this.drain();
  }

  discard(entry) {
    this.#store.remove(PREFIX + entry.client_message_id);
    this.#queue = this.#queue.filter((other) => other.client_message_id !== entry.client_message_id);
  }

  // Try now: the connection is back, or the visitor asks.
  nudge() {
    this.#wake();
    this.drain();
  }

  retry(entry) {
    if (!this.#queue.includes(entry)) this.#queue.push(entry);
    this.nudge();
  }

  async drain() {
    if (this.#isDraining) return;
    this.#isDraining = true;
    let failures = 0;
    while (this.#queue.length) {
      const entry = this.#queue[0];
      const pauseMs = await this.#send(entry, failures);
      failures = pauseMs ? failures + 1 : 0;
      if (pauseMs) await this.#pause(pauseMs);
    }
    this.#isDraining = false;
  }

  // How long to wait before the next try; 0 when the entry is settled.
  async #send(entry, failures) {
    if (!failures) this.#report(entry, "sending");
    try {
      const answer = await this.#session.call("POST", "/web/v1/messages", entry);
      this.discard(entry);
      this.#report(entry, "sent", answer);
      return 0;
    } catch (problem) {
      if (problem.isLasting) {
        this.#queue = this.#queue.filter((other) => other !== entry); // kept in the store: a reload tries again
        this.#report(entry, "failed");
        return 0;
      }
      this.#report(entry, problem.status === 429 ? "limited" : "waiting");
      if (problem.retryAfterS) return problem.retryAfterS * 1000;
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

export function newMessageId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the page came over https
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function readEntry(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
