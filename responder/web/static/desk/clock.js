// Waits that count: every [data-clock] inside [data-since], coloured as its target comes near and passes.

import { now } from "./page.js";

const SOON_SHARE = 0.25; // of the target still left

export function spell(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [days, hours, minutes] = [Math.floor(whole / 86400), Math.floor(whole / 3600) % 24, Math.floor(whole / 60) % 60];
  if (days) return `${days} ${document.documentElement.lang === "ru" ? "дн" : "d"} ${hours}:${two(minutes)}`;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

export function tick(root = document) {
  const at = now();
  for (const clock of root.querySelectorAll("[data-since]")) {
    const since = Date.parse(clock.dataset.since);
    const due = clock.dataset.due ? Date.parse(clock.dataset.due) : null;
    clock.querySelector("[data-clock]").textContent = spell((at - since) / 1000);
    clock.classList.toggle("is-late", due !== null && at >= due);
    clock.classList.toggle("is-soon", due !== null && at < due && due - at < (due - since) * SOON_SHARE);
  }
}

export function start() {
  tick();
  setInterval(tick, 1000);
}
