// What is new on the server: a stream while the page is looked at, asking now and then while it is hidden or where
// streams do not get through. Either way nothing is missed, since both start from the lines the page already has.

const SILENCE_MS = 45_000; // the server pings every 15 s
const READY_WITHIN_MS = 5_000; // a proxy that holds streams back never lets "ready" through
const HIDDEN_GRACE_MS = 60_000;
const STREAM_AGAIN_MS = 60_000; // after two streams in a row that did not get through
const POLL_MS = { visible: [1_500, 15_000], hidden: [20_000, 60_000] };

export class Updates {
  #session;
  #after;
  #onLine;
  #onTyping;
  #onReachable;
  #isRunning = false;
  #endStream = () => {};
  #wake = () => {};
  #lastSign = 0;
  #isStreaming = false;
  #quiet = 0; // times in a row that nothing was streamed
  #lostStreams = 0;
  #streamAgainAt = 0;
  #hiddenTimer = null;

  // `after()` gives the id to continue from; `onReachable(is)` tells when the server is lost and found.
  constructor({ session, after, onLine, onTyping, onReachable }) {
    this.#session = session;
    this.#after = after;
    this.#onLine = onLine;
    this.#onTyping = onTyping;
    this.#onReachable = onReachable;
  }

  start() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    document.addEventListener("visibilitychange", () => this.#onVisibility());
    setInterval(() => this.#endSilentStream(SILENCE_MS), 15_000);
    this.#run();
  }

  // Look now: the connection is back or the page is looked at again.
  nudge() {
    this.#streamAgainAt = 0;
    this.#endSilentStream(20_000);
    this.#wake();
  }

  // An answer is expected: without a stream, ask soon.
  hurry() {
    this.#quiet = 0;
    if (!this.#isStreaming) this.#wake();
  }

  async #run() {
    for (let failures = 0; ; ) {
      let wasStreaming = false;
      try {
        if (this.#mayStream()) wasStreaming = await this.#follow();
        await this.#catchUp();
        failures = 0;
        this.#onReachable(true);
      } catch {
        failures += 1;
        if (failures > 1) this.#onReachable(false);
      }
      this.#quiet = wasStreaming ? 0 : this.#quiet + 1;
      await this.#pause(wasStreaming ? 500 + Math.random() * 1500 : pollAfter(this.#quiet));
    }
  }

  #mayStream() {
    return document.visibilityState === "visible" && Date.now() >= this.#streamAgainAt;
  }

  async #catchUp() {
    const { messages } = await this.#session.call("GET", `/web/v1/messages?after=${this.#after()}`);
    messages.forEach((line) => this.#onLine(line));
  }

  // Resolves when the stream has ended, with whether it ever worked.
  async #follow() {
    const { ticket } = await this.#session.call("POST", "/web/v1/ticket");
    return new Promise((resolve) => {
      const source = new EventSource(this.#session.eventsUrl(ticket, this.#after()));
      let worked = false;
      const end = () => {
        clearTimeout(patience);
        source.close();
        this.#endStream = () => {};
        this.#isStreaming = false;
        this.#lostStreams = worked ? 0 : this.#lostStreams + 1;
        if (this.#lostStreams > 1) this.#streamAgainAt = Date.now() + STREAM_AGAIN_MS;
        resolve(worked);
      };
      const patience = setTimeout(() => this.#endStream(), READY_WITHIN_MS);
      const sign = (act) => (event) => {
        this.#lastSign = Date.now();
        act(event);
      };
      this.#lastSign = Date.now();
      this.#endStream = end;
      source.onerror = () => this.#endStream(); // its own retry would use a ticket that has run out
      source.addEventListener("ping", sign(() => {}));
      source.addEventListener("ready", sign(() => {
        worked = this.#isStreaming = true;
        clearTimeout(patience);
        this.#onReachable(true);
      }));
      source.addEventListener("typing", sign(() => this.#onTyping()));
      source.addEventListener("message", sign((event) => this.#onLine(JSON.parse(event.data))));
    });
  }

  #endSilentStream(silenceMs) {
    if (Date.now() - this.#lastSign > silenceMs) this.#endStream();
  }

  #onVisibility() {
    clearTimeout(this.#hiddenTimer);
    if (document.visibilityState === "visible") this.nudge();
    else this.#hiddenTimer = setTimeout(() => this.#endStream(), HIDDEN_GRACE_MS);
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

function pollAfter(quiet) {
  const [shortest, longest] = POLL_MS[document.visibilityState === "visible" ? "visible" : "hidden"];
  return Math.min(longest, shortest * 1.5 ** quiet) * (0.85 + Math.random() * 0.3);
}
