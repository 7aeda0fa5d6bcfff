// Somebody starts waiting: a sound, a notification where it is allowed, a count in the tab's title.

import { announce, operator, say } from "./page.js";

const KEY = "desk:notify";
const QUIET_MS = 3_000; // a storm is one sound

const button = document.querySelector("[data-notify]");
const base = () => document.title.replace(/^\(\d+\) /, "");
let waiting = 0;
let lastSound = 0;
let audio = null;

const isOn = () => localStorage.getItem(KEY) === "on";

function showTitle() {
  document.title = waiting ? `(${waiting}) ${base()}` : base();
}

function beep() {
  if (Date.now() - lastSound < QUIET_MS) return;
  lastSound = Date.now();
  audio ??= new AudioContext();
  const start = audio.currentTime;
  for (const [at, pitch] of [[0, 660], [0.14, 880]]) {
    const tone = audio.createOscillator();
    const gain = audio.createGain();
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0.0001, start + at);
    gain.gain.exponentialRampToValueAtTime(0.12, start + at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.22);
    tone.connect(gain).connect(audio.destination);
    tone.start(start + at);
    tone.stop(start + at + 0.25);
  }
}

function showButton(isDenied = false) {
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isOn()));
  button.querySelector("span").textContent = say(isDenied ? "notify_denied" : isOn() ? "notify_off" : "notify_on");
}

async function toggle() {
  if (isOn()) {
    localStorage.removeItem(KEY);
    return showButton();
  }
  localStorage.setItem(KEY, "on");
  beep();
  const answer = "Notification" in window ? await Notification.requestPermission() : "denied";
  return showButton(answer === "denied");
}

function somebodyWaits({ detail }, open) {
  document.dispatchEvent(new CustomEvent("desk:noticed", { detail }));
  notice(say("new_waiting", { name: detail.name }), detail.id, open);
}

// A sound, and a notification while the page is out of sight; a touch on it opens the dialogue.
function notice(text, thread, open) {
  if (!isOn()) return;
  beep();
  if (!("Notification" in window) || Notification.permission !== "granted" || document.visibilityState === "visible") return;
  const shown = new Notification(text, { tag: `desk-${thread}` });
  shown.onclick = () => {
    window.focus();
    open(thread);
    shown.close();
  };
}

export function start({ open }) {
  button.addEventListener("click", toggle);
  showButton();
  waiting = Number(document.querySelector('[data-count="waiting"]')?.textContent || 0);
  showTitle();
  document.addEventListener("desk:counts", ({ detail }) => {
    waiting = detail.waiting;
    showTitle();
  });
  document.addEventListener("desk:titled", ({ detail }) => {
    document.title = `${detail} · ${document.title.split(" · ").at(-1)}`;
    showTitle();
  });
  document.addEventListener("desk:waits", (event) => somebodyWaits(event, open));
  document.addEventListener("desk:mention", (event) => {
    if (!operator || !event.detail.operators.includes(operator)) return;
    announce(say("mentioned"));
    notice(say("mentioned"), event.detail.thread_id, open);
  });
}
