// Who we are to the server: opens a session, keeps its token, makes authorised calls and renews a refused token once.

const PATIENCE_MS = 20_000;

export class Refused extends Error {
  constructor(status, code, message, retryAfterS) {
    super(message);
    Object.assign(this, { status, code, retryAfterS });
  }

  get isLasting() {
    return this.status >= 400 && this.status < 500 && ![401, 408, 425, 429].includes(this.status);
  }
}

export class Session {
  #base;
  #site;
  #keep;
  #token = null;
  #opening = null;

  // `keep` has get() and set(token): where the token outlives the page.
  constructor({ base, site, keep }) {
    this.#base = base;
    this.#site = site;
    this.#keep = keep;
  }

  // The history of the visitor; a first-time visitor has none.
  open() {
    this.#opening ??= oneTabAtATime(`responder-session-${this.#site}`, () => this.#start()).finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async call(method, path, body) {
    if (!this.#token) await this.open();
    try {
      return await this.#request(method, path, body);
    } catch (problem) {
      if (problem.status !== 401) throw problem;
      await this.open();
      return this.#request(method, path, body);
    }
  }

  eventsUrl(ticket, after) {
    return `${this.#base}/web/v1/events?${new URLSearchParams({ ticket, after })}`;
  }

  async #start() {
    this.#token = null;
    const body = { site: this.#site, token: this.#keep.get() ?? "" };
    const answer = await this.#request("POST", "/web/v1/sessions", body);
    this.#token = answer.token;
    this.#keep.set(answer.token);
    return answer.messages;
  }

  async #request(method, path, body) {
    const headers = {};
    if (body) headers["content-type"] = "application/json";
    if (this.#token) headers.authorization = `Bearer ${this.#token}`;
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), PATIENCE_MS);
    try {
      const response = await fetch(this.#base + path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        credentials: "omit",
        cache: "no-store",
        signal: patience.signal,
      });
      const answer = await response.json().catch(() => ({}));
      if (response.ok) return answer;
      const wait = Number(response.headers.get("retry-after")) || null;
      throw new Refused(response.status, answer.error ?? "unknown", answer.message ?? "", wait);
    } finally {
      clearTimeout(timer);
    }
  }
}

// Two tabs opened together must not become two visitors. Where the browser grants no lock (a frame on a site whose
// storage it blocks) they may.
async function oneTabAtATime(name, work) {
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
    return work();
  };
  try {
    return await navigator.locks.request(name, begin);
  } catch (problem) {
    if (hasBegun) throw problem;
    return begin();
  }
}
