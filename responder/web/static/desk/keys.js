// The keyboard: one letter for each thing, never while somebody is writing.

import { choose } from "./composer.js";
import { press } from "./dialogue.js";
import { salon } from "./page.js";
import { move } from "./queue.js";

const dialog = document.querySelector("[data-shortcuts-dialog]");
const TOGETHER_MS = 1_000;
let wentAt = 0;

const isWriting = () => document.activeElement?.matches("input:not([type=radio]), textarea, select") ?? false;
const go = (page) => location.assign(`/${page}?salon=${encodeURIComponent(salon)}`);

const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  r: () => choose("reply"),
  n: () => choose("note"),
  t: () => press("take-over"),
  b: () => press("give-back"),
  e: () => press("close"),
  "/": () => document.querySelector("#search").focus(),
  "?": () => dialog.showModal(),
  g: () => (wentAt = Date.now()),
};
const PLACES = { d: "dialogues", c: "calendar", l: "leads" };
// letters of the Russian layout on the same keys
const LAYOUT = { о: "j", л: "k", к: "r", т: "n", е: "t", и: "b", у: "e", п: "g", в: "d", с: "c", д: "l", ",": "?", ".": "/" };

function onKey(event) {
  if (event.key === "Escape" && isWriting()) return document.activeElement.blur();
  if (event.key === "Escape") document.querySelector("details.menu[open]")?.removeAttribute("open");
  if (isWriting() || event.ctrlKey || event.metaKey || event.altKey || dialog.open) return undefined;
  const isArrow = event.key.startsWith("Arrow");
  if (isArrow && !document.activeElement?.closest("[data-queue]") && document.activeElement !== document.body) return undefined;
  const typed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const key = document.documentElement.lang === "ru" ? (LAYOUT[typed] ?? typed) : typed;
  const place = Date.now() - wentAt < TOGETHER_MS && PLACES[key];
  const action = place ? () => go(place) : ACTIONS[key];
  if (!action) return undefined;
  event.preventDefault();
  return action();
}

export function start() {
  document.addEventListener("keydown", onKey);
  for (const button of document.querySelectorAll("[data-shortcuts]")) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }
}
