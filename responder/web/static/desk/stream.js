// The salon's live events, told to the page as "desk:<name>" on the document. When the stream was lost, "desk:back"
// says that what happened meanwhile has to be looked up.

import { ask, say, salon } from "./page.js";

const SILENCE_MS = 40_000; // the server pings every 15 s
const NAMES = ["dialogue", "counts", "typing", "presence", "customer_typing", "mention", "visit", "alert"];
const LONGEST_PAUSE_MS = 15_000;

const line = document.querySelector("[data-connection]");
let source = null;
let lastSign = 0;
let failures = 0;
let wasLost = false;
let timer = null;

const tell = (name, detail = {}) => document.dispatchEvent(new CustomEvent(`desk:${name}`, { detail }));

function show(text) {
  line.textContent = text;
  document.body.classList.toggle("is-offline", Boolean(text));
}

function connect() {
  clearTimeout(timer);
  source?.close();
  lastSign = Date.now();
  source = new EventSource(`/desk/events?salon=${encodeURIComponent(salon)}&lang=${document.documentElement.lang}`);
  source.onerror = lost;
  source.addEventListener("ready", () => {
    lastSign = Date.now();
    failures = 0;
    show("");
    if (wasLost) tell("back");
    wasLost = false;
    tell("connected");
  });
  source.addEventListener("ping", () => (lastSign = Date.now()));
  source.addEventListener("resync", () => tell("back"));
  source.addEventListener("ended", () => tell("ended"));
  for (const name of NAMES) {
    source.addEventListener(name, (event) => {
      lastSign = Date.now();
      tell(name, JSON.parse(event.data));
    });
  }
}

// The stream's own retry is not waited for: it cannot tell an ended session from a lost connection.
function lost() {
  source?.close();
  source = null;
  wasLost = true;
  failures += 1;
  if (failures > 1) show(say("offline"));
  const pause = Math.min(LONGEST_PAUSE_MS, 500 * 2 ** failures) * (0.75 + Math.random() / 2);
  clearTimeout(timer);
  timer = setTimeout(again, pause);
}

async function again() {
  try {
    if (failures > 1) await ask("GET", `/desk/queue?salon=${encodeURIComponent(salon)}&view=waiting`);
    connect();
  } catch (problem) {
    if (problem.status !== 401) lost();
  }
}

export function start() {
  connect();
  addEventListener("online", connect);
  addEventListener("offline", () => show(say("offline")));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && Date.now() - lastSign > SILENCE_MS) connect();
  });
  document.addEventListener("desk:ended", () => {
    clearTimeout(timer);
    source?.close();
    const link = document.createElement("a");
    link.href = `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
    link.textContent = say("log_in_again");
    line.replaceChildren(`${say("session_ended")} `, link);
  });
  setInterval(() => {
    if (source && Date.now() - lastSign > SILENCE_MS) lost();
  }, 5_000);
}
