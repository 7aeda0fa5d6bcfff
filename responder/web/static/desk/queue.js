// The list of dialogues: keeps it true as events come, filters and searches without leaving the page.

import { tick } from "./clock.js";
import { fragment, operator, salon, say } from "./page.js";

const SEARCH_PAUSE_MS = 200;

const queue = document.querySelector("[data-queue]");
const lists = queue.querySelector("[data-lists]");
const search = queue.querySelector("#search");
let searchTimer = null;
let asked = 0; // the newest request for lists wins

export const rows = () => [...lists.querySelectorAll("[data-row]")];
export const rowOf = (id) => lists.querySelector(`[data-row="${id}"]`);

const state = () => ({ view: queue.dataset.view, channel: queue.dataset.channel, words: queue.dataset.search });

function belongs(row) {
  const { view, channel, words } = state();
  if (words) return false; // what was found stays as it was found
  if (channel && row.dataset.channel !== channel) return false;
  if (view === "mine") return Boolean(operator) && row.dataset.operator === operator;
  return row.dataset.views.split(" ").includes(view);
}

function markUnread(row) {
  const isUnread = Boolean(operator) && Number(row.dataset.inbound) > Number(row.dataset.seen) && !isOpen(row);
  row.classList.toggle("is-unread", isUnread);
  row.querySelector(".q-unread").hidden = !isUnread;
}

const isOpen = (row) => document.querySelector("[data-thread]")?.dataset.thread === row.dataset.row;

export function markOpen(id) {
  for (const row of rows()) {
    const link = row.querySelector(".q-link");
    if (row.dataset.row === String(id)) {
      link.setAttribute("aria-current", "true");
      row.dataset.seen = row.dataset.inbound;
    } else {
      link.removeAttribute("aria-current");
    }
    markUnread(row);
  }
}

// A row that came with an event takes the place that its order gives it.
function place(fresh) {
  const old = rowOf(fresh.dataset.row);
  if (old) fresh.dataset.seen = Math.max(Number(old.dataset.seen), Number(fresh.dataset.seen));
  const hadFocus = old?.contains(document.activeElement);
  const stays = belongs(fresh) || (state().words && old);
  old?.remove();
  if (stays) {
    const list = lists.querySelector(`[data-list="${"waiting" in fresh.dataset ? "waiting" : "others"}"]`);
    const after = [...list.children].find((row) => Number(row.dataset.order) > Number(fresh.dataset.order));
    list.insertBefore(fresh, after || null);
    if (isOpen(fresh)) fresh.querySelector(".q-link").setAttribute("aria-current", "true");
    markUnread(fresh);
    tick(fresh.parentNode);
    if (hadFocus) fresh.querySelector(".q-link").focus({ preventScroll: true });
  }
  settle();
}

function settle() {
  const sizes = ["waiting", "others"].map((name) => lists.querySelector(`[data-list="${name}"]`).children.length);
  lists.querySelector('[data-section="waiting"]').hidden = !sizes[0];
  lists.querySelector('[data-section="others"]').hidden = !sizes[0] || !sizes[1];
  lists.querySelector("[data-empty]").hidden = Boolean(sizes[0] + sizes[1]);
}

function applyChange({ detail }) {
  const template = document.createElement("template");
  template.innerHTML = detail.row.trim();
  const fresh = template.content.firstElementChild;
  const before = rowOf(detail.id);
  const isNewWait = "waiting" in fresh.dataset && before !== null && !("waiting" in before.dataset);
  const isFirstSeen = "waiting" in fresh.dataset && before === null && belongs(fresh);
  place(fresh);
  if (isNewWait || isFirstSeen) {
    const name = fresh.querySelector(".q-name").textContent;
    document.dispatchEvent(new CustomEvent("desk:waits", { detail: { id: detail.id, name } }));
  }
}

export function showCounts(counts) {
  for (const [name, count] of Object.entries(counts)) {
    for (const badge of document.querySelectorAll(`[data-count="${name}"]`)) {
      badge.textContent = count;
      badge.hidden = !count;
    }
  }
}

const address = ({ view, channel, words }) => {
  const query = new URLSearchParams({ salon });
  if (view && view !== "all") query.set("view", view);
  if (channel) query.set("channel", channel);
  if (words) query.set("q", words);
  if (queue.dataset.waiting) query.set("waiting", queue.dataset.waiting);
  return query;
};

// Fetch the lists for a state and show them; the address follows, an open dialogue stays.
export async function show(wanted, { keepAddress = false } = {}) {
  const number = ++asked;
  const query = address({ ...state(), ...wanted });
  query.set("view", wanted.view ?? state().view);
  const fresh = await fragment(`/desk/queue?${query}`);
  if (number !== asked) return;
  Object.assign(queue.dataset, {
    view: wanted.view ?? state().view,
    channel: wanted.channel ?? state().channel,
    search: wanted.words ?? state().words,
  });
  lists.replaceChildren(fresh);
  const { view, words } = state();
  for (const link of queue.querySelectorAll(".views a")) {
    if (link.dataset.view === view && !words) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  if (!keepAddress) history.replaceState(history.state, "", `${location.pathname}?${address(state())}`);
  markOpen(document.querySelector("[data-thread]")?.dataset.thread);
  tick(lists);
}

// A search that was typed a moment ago and not sent yet is over with it.
function showView(view) {
  clearTimeout(searchTimer);
  search.value = "";
  return show({ view, words: "" });
}

function showAllWaiting() {
  queue.dataset.waiting = "all";
  return show({}, { keepAddress: true });
}

async function older(link) {
  const fresh = await fragment(`/desk/queue${new URL(link.href).search}`);
  const others = lists.querySelector('[data-list="others"]');
  for (const row of fresh.querySelectorAll("[data-row]")) if (!rowOf(row.dataset.row)) others.append(row);
  const next = fresh.querySelector("[data-older]");
  if (next) link.replaceWith(next);
  else link.parentNode.remove();
  markOpen(document.querySelector("[data-thread]")?.dataset.thread);
}

export function move(by) {
  const all = rows();
  const from = all.findIndex((row) => row.contains(document.activeElement));
  const open = all.findIndex(isOpen);
  const start = from >= 0 ? from : open;
  const next = all[start < 0 ? 0 : Math.min(all.length - 1, Math.max(0, start + by))];
  next?.querySelector(".q-link").focus();
}

export function start({ open }) {
  document.addEventListener("desk:dialogue", applyChange);
  document.addEventListener("desk:counts", ({ detail }) => showCounts(detail));
  document.addEventListener("desk:back", () => show({}, { keepAddress: true }).catch(() => {}));
  queue.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a");
    const row = event.target.closest("[data-row]");
    if (!link) return;
    const act = row ? () => open(row.dataset.row)
      : link.dataset.view ? () => showView(link.dataset.view)
        : "older" in link.dataset ? () => older(link)
          : "allWaiting" in link.dataset ? () => showAllWaiting() : null;
    if (!act) return;
    event.preventDefault();
    act()?.catch?.(() => location.assign(link.href));
  });
  queue.querySelector("[data-submit]")?.addEventListener("change", (event) => show({ channel: event.target.value }));
  search.form.addEventListener("submit", (event) => {
    event.preventDefault();
    show({ words: search.value.trim() });
  });
  search.addEventListener("input", () => {
    clearTimeout(searchTimer);
    searchTimer = setTimeout(() => show({ words: search.value.trim() }).catch(() => {}), SEARCH_PAUSE_MS);
  });
  search.setAttribute("aria-keyshortcuts", "/");
  markOpen(document.querySelector("[data-thread]")?.dataset.thread);
  showCounts({ waiting: Number(queue.querySelector('[data-count="waiting"]').textContent) });
}

export const waitingSays = (name) => say("new_waiting", { name });
