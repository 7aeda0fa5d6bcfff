// What the page was rendered with, and the one way to ask the server for something.

const body = document.body;

export const salon = body.dataset.salon;
export const operator = body.dataset.operator;
export const words = JSON.parse(document.querySelector("[data-words]")?.dataset.words || "{}");

// The server's clock, so that a till with a wrong one counts right.
const skewMs = Date.parse(body.dataset.now) - Date.now();
export const now = () => Date.now() + skewMs;

export const say = (name, values = {}) =>
  (words[name] || name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

export function announce(text) {
  document.querySelector("[data-announcer]").textContent = text;
}

// `isLasting`: trying again will not help; `status` 0: the server was not reached.
export class Problem extends Error {
  constructor(message, { status = 0, code = "" } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.isLasting = status >= 400 && status < 500 && ![401, 408, 425, 429].includes(status);
  }
}

export async function ask(method, address, content) {
  const headers = { accept: "text/html, application/json", "x-requested-with": "fetch", "accept-language": document.documentElement.lang, "x-csrf-token": document.querySelector('meta[name="csrf-token"]')?.content || "" };
  if (content !== undefined) headers["content-type"] = "application/json";
  let response;
  try {
    response = await fetch(address, { method, headers, body: content === undefined ? undefined : JSON.stringify(content) });
  } catch {
    throw new Problem(say("offline"));
  }
  if (response.status === 401) document.dispatchEvent(new CustomEvent("desk:ended"));
  if (!response.ok) throw await problemOf(response);
  return response;
}

// An action of the staff API on this salon; the language of refusals is the page's.
export async function call(method, path, content = {}) {
  const address = `/api/v1/${encodeURIComponent(salon)}${path}`;
  const response = await ask(method, address, method === "GET" ? undefined : content);
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

export async function fragment(address) {
  const text = await (await ask("GET", address)).text();
  const template = document.createElement("template");
  template.innerHTML = text;
  return template.content;
}

async function problemOf(response) {
  const said = await response.json().catch(() => ({}));
  return new Problem(said.message || `${response.status}`, { status: response.status, code: said.code });
}
