// The calendar: windows over it, arrows through it, visits carried by mouse or by keyboard, true while others change it.

import { ask, announce, call, fragment, say } from "./page.js";
import * as stream from "./stream.js";

const FAR_ENOUGH_PX = 6;

const body = document.querySelector("[data-calendar]");
const dialog = document.querySelector("[data-dialog]");
let picked = null; // the visit being carried: its link
let dragged = null;
let isStale = false;
let opener = null;

document.documentElement.classList.add("has-script");

const cells = () => [...body.querySelectorAll(".cell > a")];
const isBusy = () => dialog.open || picked || dragged;

// --- what is shown

async function reload() {
  if (isBusy()) {
    isStale = true;
    return;
  }
  isStale = false;
  const at = body.querySelector('[tabindex="0"]')?.closest(".cell");
  const place = { top: body.scrollTop, left: body.scrollLeft };
  const hadFocus = body.contains(document.activeElement);
  const fresh = await fragment(location.href);
  if (isBusy()) {
    isStale = true;
    return;
  }
  body.replaceChildren(fresh);
  body.scrollTo(place);
  const again = at && body.querySelector(`.cell[data-specialist="${at.dataset.specialist}"][data-at="${at.dataset.at}"] > a`);
  rove(again || cells()[0], hadFocus);
}

const catchUp = () => isStale && reload().catch(() => {});

function changed({ detail }) {
  const shown = new Set([...body.querySelectorAll(".cell")].map((cell) => cell.dataset.at.slice(0, 10)));
  // days of the salon and of UTC differ by one at most
  const near = (day) => [-1, 0, 1].some((by) => shown.has(new Date(Date.parse(day) + by * 86_400_000).toISOString().slice(0, 10)));
  if (!detail.days || detail.days.some(near)) reload().catch(() => {});
}

// --- the keyboard

function rove(link, withFocus = true) {
  body.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
  link?.setAttribute("tabindex", "0");
  if (withFocus) link?.focus();
}

// The neighbour of a cell by place on the screen: rows span, so that their order is no guide.
function neighbour(link, key) {
  const from = link.closest(".cell").getBoundingClientRect();
  const isSideways = key === "ArrowLeft" || key === "ArrowRight";
  let best = null;
  for (const other of cells()) {
    const to = other.closest(".cell").getBoundingClientRect();
    const by = { ArrowUp: from.top - to.top, ArrowDown: to.top - from.top, ArrowLeft: from.left - to.left, ArrowRight: to.left - from.left }[key];
    const aside = isSideways ? Math.max(0, to.top - from.top, from.top - to.bottom + 1) : Math.abs(to.left - from.left);
    if (by < 2 || (!isSideways && aside > 2)) continue;
    const distance = by + aside * 1000;
    if (!best || distance < best.distance) best = { distance, other };
  }
  return best?.other;
}

function onKey(event) {
  const link = event.target.closest(".cell > a");
  if (!link) return;
  if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    const next = neighbour(link, event.key);
    if (next) rove(next);
    if (picked) target(next || link);
  } else if (["m", "M", "ь", "Ь"].includes(event.key) && link.dataset.visit && !picked) {
    pick(link);
    announce(say("picked_up"));
  } else if (event.key === "Escape" && picked) {
    putDown();
    announce(say("put_down"));
  } else if (event.key === "Enter" && picked) {
    event.preventDefault();
    drop(link.closest(".cell"));
  }
}

// --- carrying a visit

function pick(link) {
  if (link.dataset.state !== "booked") return;
  picked = link;
  link.classList.add("is-picked");
}

function target(link) {
  body.querySelector(".is-target")?.classList.remove("is-target");
  link?.closest(".cell").classList.add("is-target");
}

function putDown() {
  picked?.classList.remove("is-picked");
  body.classList.remove("is-dragging");
  target(null);
  picked = dragged = null;
  catchUp();
}

async function drop(cell, isMeant = false) {
  const link = picked;
  const from = link.closest(".cell");
  if (!cell || cell === from) return putDown();
  const wanted = {
    specialist: cell.dataset.specialist,
    starts_at: cell.dataset.at,
    seen_at: from.dataset.at,
    seen_specialist: from.dataset.specialist,
    tell: false,
    is_meant: isMeant,
  };
  try {
    await call("PATCH", `/visits/${link.dataset.visit}`, wanted);
    announce(say("moved_visit"));
  } catch (problem) {
    const mayInsist = ["visit_in_past", "visit_not_working", "visit_not_skilled"].includes(problem.code);
    if (mayInsist && !isMeant && confirm(say("drop_sure", { reason: problem.message }))) return drop(cell, true);
    complain(say("not_moved", { reason: problem.message }));
  }
  isStale = true;
  return putDown();
}

function complain(text) {
  let place = document.querySelector("[data-complaint]");
  if (!place) {
    place = Object.assign(document.createElement("p"), { className: "problem" });
    place.dataset.complaint = "";
    place.setAttribute("role", "alert");
    body.before(place);
  }
  place.textContent = text;
  setTimeout(() => place.remove(), 8_000);
}

function onPointerDown(event) {
  const link = event.target.closest("[data-visit]");
  if (!link || event.button || event.pointerType === "touch") return;
  dragged = { link, x: event.clientX, y: event.clientY };
}

function onPointerMove(event) {
  if (!dragged) return;
  if (!picked && Math.hypot(event.clientX - dragged.x, event.clientY - dragged.y) > FAR_ENOUGH_PX) {
    pick(dragged.link);
    if (picked) body.classList.add("is-dragging");
  }
  if (picked) target(document.elementFromPoint(event.clientX, event.clientY)?.closest(".cell")?.querySelector("a"));
}

function onPointerUp(event) {
  if (!dragged) return;
  const wasCarried = picked && body.classList.contains("is-dragging");
  dragged = null;
  if (wasCarried) {
    document.addEventListener("click", (click) => { click.preventDefault(); click.stopPropagation(); }, { capture: true, once: true });
    drop(document.elementFromPoint(event.clientX, event.clientY)?.closest(".cell"));
  }
}

// --- windows

async function open(link) {
  opener = link;
  await show(await fragment(link.href));
}

async function show(content) {
  dialog.replaceChildren(content);
  dialog.setAttribute("aria-labelledby", "window-title");
  dialog.querySelectorAll("[data-close]").forEach((button) => (button.hidden = false));
  if (!dialog.open) dialog.showModal();
  suggest(dialog.querySelector("[data-customers]"));
}

async function submit(event) {
  const form = event.target.closest("[data-form]");
  if (!form) return;
  event.preventDefault();
  const data = new URLSearchParams(new FormData(form, event.submitter));
  const headers = { accept: "text/html", "x-requested-with": "fetch", "accept-language": document.documentElement.lang };
  const response = await fetch(form.getAttribute("action"), { method: "POST", body: data, headers, redirect: "manual" });
  if (response.type === "opaqueredirect") {
    isStale = true;
    dialog.close();
    return;
  }
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  if ((response.headers.get("content-type") || "").includes("json")) complain(JSON.parse(template.innerHTML).message);
  else await show(template.content);
}

// Known customers as their name or phone is typed; choosing one fills both in.
function suggest(field) {
  if (!field) return;
  const list = dialog.querySelector("#visit-customers");
  const id = dialog.querySelector("[data-customer]");
  const phone = dialog.querySelector("#visit-phone");
  let chosen = -1;
  let timer = null;
  const options = () => [...list.children];
  const close = () => {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    chosen = -1;
  };
  const take = (option) => {
    field.value = option.dataset.name;
    phone.value = option.dataset.phone;
    id.value = option.dataset.id;
    id.disabled = false;
    close();
  };
  const look = async () => {
    const words = field.value.trim();
    if (words.length < 2) return close();
    const found = await (await ask("GET", `${field.dataset.customers}&q=${encodeURIComponent(words)}`)).json();
    list.replaceChildren(...found.map((one, number) => {
      const item = Object.assign(document.createElement("li"), { id: `customer-${number}`, textContent: [one.name, one.phone].filter(Boolean).join(", ") });
      item.setAttribute("role", "option");
      Object.assign(item.dataset, { id: one.id, name: one.name, phone: one.phone });
      return item;
    }));
    list.hidden = !found.length;
    field.setAttribute("aria-expanded", String(Boolean(found.length)));
    return undefined;
  };
  field.addEventListener("input", () => {
    id.disabled = true;
    clearTimeout(timer);
    timer = setTimeout(() => look().catch(() => {}), 200);
  });
  field.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + options().length) % options().length;
      options().forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
      field.setAttribute("aria-activedescendant", options()[chosen].id);
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      take(options()[chosen]);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    }
  });
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
}

// --- put together

rove(cells()[0], false);
body.querySelector(".is-now")?.scrollIntoView({ block: "center" });
body.addEventListener("keydown", onKey);
body.addEventListener("pointerdown", onPointerDown);
document.addEventListener("pointermove", onPointerMove);
document.addEventListener("pointerup", onPointerUp);
body.addEventListener("dragstart", (event) => event.preventDefault());
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-window]");
  if (!link || event.metaKey || event.ctrlKey || event.button) return;
  event.preventDefault();
  if (!picked) open(link).catch((problem) => complain(problem.message));
});
dialog.addEventListener("submit", submit);
dialog.addEventListener("click", (event) => {
  if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
});
dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  opener?.focus?.();
  catchUp();
});
for (const field of document.querySelectorAll("[data-submit]")) field.addEventListener("change", () => field.form.submit());
document.addEventListener("desk:visit", changed);
document.addEventListener("desk:back", () => reload().catch(() => {}));
stream.start();
