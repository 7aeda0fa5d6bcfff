// The open dialogue: opened without leaving the page, kept true as events come, acted on by its buttons.

import { tick } from "./clock.js";
import { compose } from "./composer.js";
import { announce, call, fragment, operator, salon, say } from "./page.js";
import { markOpen } from "./queue.js";

const NEAR_END_PX = 120;
const TYPING_MS = 6_000;
const SEEN_PAUSE_MS = 400;

const panes = document.querySelector("[data-panes]");
const people = new Map(); // who else is here: operator -> { name, until }
let typingTimer = null;
let seenTimer = null;
let fetched = 0;

export const thread = () => panes.querySelector("[data-thread]");
export const openId = () => thread()?.dataset.thread ?? null;
const scroller = () => panes.querySelector("[data-scroll]");
const isAtEnd = () => scroller().scrollHeight - scroller().scrollTop - scroller().clientHeight < NEAR_END_PX;
const toEnd = () => scroller()?.scrollTo(0, scroller().scrollHeight);

export async function open(id, { isBack = false } = {}) {
  const number = ++fetched;
  panes.setAttribute("aria-busy", "true");
  markOpen(id);
  try {
    const fresh = await fragment(`/dialogues/${id}/panes?salon=${encodeURIComponent(salon)}`);
    if (number !== fetched) return;
    panes.replaceChildren(fresh);
  } finally {
    panes.removeAttribute("aria-busy");
  }
  if (!isBack) history.pushState({ id }, "", `/dialogues/${id}${location.search}`);
  document.body.classList.add("has-dialogue");
  people.clear();
  enliven();
  markOpen(id);
  panes.querySelector("#who").focus?.();
}

export function leave() {
  fetched += 1;
  panes.replaceChildren();
  document.body.classList.remove("has-dialogue", "shows-card");
  markOpen(null);
}

// Everything a freshly shown dialogue needs.
function enliven() {
  const title = panes.querySelector("#who").textContent.trim();
  document.dispatchEvent(new CustomEvent("desk:titled", { detail: title }));
  tick(panes);
  toEnd();
  compose(panes.querySelector("[data-composer]"), thread().dataset.thread, { merge, refresh, toEnd });
  const toggle = panes.querySelector("[data-card-toggle]");
  toggle.hidden = false;
  see();
  if (operator) call("POST", `/dialogues/${openId()}/presence`).catch(() => {});
}

// New and changed items by their id, each at its place in time; what is looked into is left alone.
export function merge(items) {
  const list = panes.querySelector("[data-messages]");
  const wasAtEnd = isAtEnd();
  for (const item of items) {
    const old = list.querySelector(`[data-item="${item.dataset.item}"]`);
    if (item.dataset.key) list.querySelector(`[data-pending="${item.dataset.key}"]`)?.remove();
    if (old) {
      if (!old.querySelector("details[open]") && !old.isEqualNode(item)) old.replaceWith(item);
      continue;
    }
    const later = [...list.querySelectorAll("[data-at]")].find((other) => other.dataset.at > item.dataset.at);
    const before = later || list.querySelector("[data-pending]");
    list.insertBefore(item, before);
    if (item.classList.contains("from-customer")) {
      announce(item.querySelector(".text")?.textContent || "");
      panes.querySelector("[data-typing]").hidden = true;
    }
  }
  if (wasAtEnd) toEnd();
}

// The head, the card and all items anew; fields that are in use stay.
export async function refresh() {
  const id = openId();
  if (!id) return;
  const fresh = await fragment(`/dialogues/${id}/panes?salon=${encodeURIComponent(salon)}`);
  if (id !== openId()) return;
  for (const name of ["head", "card"]) {
    const place = panes.querySelector(`[data-part="${name}"]`);
    const next = fresh.querySelector(`[data-part="${name}"]`);
    const isInUse = place.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
    if (!isInUse && !place.querySelector("details[open]") && !place.isEqualNode(next)) {
      place.replaceChildren(...next.childNodes);
    }
  }
  panes.querySelector("[data-card-toggle]").hidden = false;
  merge([...fresh.querySelectorAll("[data-item]")]);
  showPeople();
  tick(panes);
}

function see() {
  clearTimeout(seenTimer);
  if (document.visibilityState !== "visible" || !operator || !openId()) return;
  const last = Number(thread().dataset.inbound);
  seenTimer = setTimeout(() => call("PUT", `/dialogues/${openId()}/seen`, { message_id: last }).catch(() => {}), SEEN_PAUSE_MS);
}

function applyChange({ detail }) {
  if (String(detail.id) !== openId()) return;
  const template = document.createElement("template");
  template.innerHTML = detail.messages.join("");
  const items = [...template.content.children];
  merge(items);
  const inbound = items.filter((item) => item.classList.contains("from-customer")).at(-1);
  if (inbound) thread().dataset.inbound = Math.max(Number(thread().dataset.inbound), Number(inbound.dataset.item.slice(1)));
  see();
  refresh().catch(() => {});
}

function showPeople() {
  const place = panes.querySelector("[data-presence]");
  if (!place) return;
  const at = Date.now();
  const here = [...people.values()].filter((person) => person.until > at);
  place.textContent = here.map((person) => say(person.isTyping ? "typing_operator" : "also_here", { name: person.name })).join(", ");
}

function meet({ detail }, isTyping) {
  if (String(detail.thread_id) !== openId() || detail.operator === operator) return;
  const stays = isTyping ? TYPING_MS : 60_000;
  people.set(detail.operator_id ?? detail.operator, { name: detail.name, isTyping, until: Date.now() + stays });
  showPeople();
  setTimeout(showPeople, stays + 50);
}

function customerTypes({ detail }) {
  if (String(detail.thread_id) !== openId()) return;
  const line = panes.querySelector("[data-typing]");
  line.textContent = say("typing_customer");
  line.hidden = false;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => (line.hidden = true), TYPING_MS);
}

// What a button of the dialogue asks of the staff API.
function requestOf(act) {
  const [action, about, value] = act.split(":");
  const answering = panes.querySelector("#operator")?.value || undefined;
  const field = (id) => panes.querySelector(id)?.value.trim() ?? "";
  switch (action) {
    case "take-over": return ["POST", "/take-over", { operator: answering }];
    case "give-back": return ["POST", "/give-back", { hint: field("#hint") || undefined }];
    case "close": return ["POST", "/close", { reason: about }];
    case "bar": return ["POST", "/bar", {}];
    case "unbar": return ["POST", "/unbar", {}];
    case "vip": return ["PUT", "/vip", { is_vip: about === "on" }];
    case "retry": return ["POST", `/messages/${about}/retry`, { confirm: true }];
    case "substance": return ["PUT", `/messages/${about}/substance`, { substance: value, operator: answering }];
    case "confirm": return ["POST", `/visits/${about}/confirm`, { operator: answering }];
    default: return null;
  }
}

async function act(button) {
  const request = requestOf(button.dataset.act);
  if (!request || (button.dataset.sure && !confirm(button.dataset.sure))) return;
  const [method, path, content] = request;
  button.disabled = true;
  try {
    await call(method, `/dialogues/${openId()}${path}`, content);
    button.closest("details")?.removeAttribute("open");
    const hint = panes.querySelector("#hint");
    if (hint) hint.value = "";
    document.activeElement?.blur();
    await refresh();
  } catch (problem) {
    complain(problem.message);
  } finally {
    button.disabled = false;
  }
}

export function complain(text) {
  const place = panes.querySelector("[data-problem]");
  if (!place) return;
  place.textContent = text;
  place.hidden = !text;
}

async function change(event) {
  const field = event.target;
  try {
    if ("assign" in field.dataset) {
      await call("POST", `/dialogues/${openId()}/assign`, { operator: field.value || null });
    } else if ("tags" in field.dataset) {
      const tags = field.value.split(",").map((tag) => tag.trim()).filter(Boolean);
      await call("PUT", `/dialogues/${openId()}/tags`, { tags });
    } else {
      return;
    }
    announce(say("moved_on"));
    complain("");
  } catch (problem) {
    complain(problem.message);
  }
}

export function press(action) {
  const button = panes.querySelector(`[data-act^="${action}"]`);
  const menu = button?.closest("details");
  if (menu && !menu.open && action !== "take-over") {
    menu.open = true;
    menu.querySelector("textarea, button").focus();
  } else {
    button?.click();
  }
}

export function start() {
  if (thread()) enliven();
  document.addEventListener("desk:dialogue", applyChange);
  document.addEventListener("desk:back", () => refresh().catch(() => {}));
  document.addEventListener("desk:typing", (event) => meet(event, true));
  document.addEventListener("desk:presence", (event) => meet(event, false));
  document.addEventListener("desk:customer_typing", customerTypes);
  document.addEventListener("visibilitychange", see);
  panes.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) {
      event.preventDefault();
      act(button);
    } else if (event.target.closest("[data-card-toggle]")) {
      const shows = document.body.classList.toggle("shows-card");
      event.target.closest("[data-card-toggle]").setAttribute("aria-expanded", String(shows));
    } else if (event.target.closest(".back") && !event.metaKey && !event.ctrlKey) {
      event.preventDefault();
      history.pushState({}, "", `/dialogues${location.search}`);
      leave();
    }
  });
  panes.addEventListener("change", change);
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    }
  });
  addEventListener("popstate", () => {
    const id = location.pathname.match(/^\/dialogues\/(\d+)$/)?.[1];
    if (id) open(id, { isBack: true }).catch(() => location.reload());
    else leave();
  });
}
