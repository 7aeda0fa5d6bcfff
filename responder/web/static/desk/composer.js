// Writing: a draft that survives a reload, a reply that is sent once however the line behaves, notes, saved replies.

import { Outbox } from "./outbox.js";
import { announce, call, operator, say } from "./page.js";
import { SavedReplies } from "./saved_replies.js";

const TYPING_EVERY_MS = 4_000;

let shown = null; // the composer of the open dialogue
let lastTyping = 0;

const draftKey = (thread, kind) => `desk:draft:${thread}:${kind}`;
export const outbox = new Outbox({ report: (entry, state, problem) => shown?.report(entry, state, problem) });

class Composer {
  constructor(form, thread, page) {
    this.form = form;
    this.thread = thread;
    this.page = page;
    this.text = form.querySelector("textarea");
    this.replyHint = this.text.placeholder;
    this.saved = new SavedReplies(form, this.text, thread, () => this.#keepDraft());
    form.querySelectorAll('[name="kind"]').forEach((radio) => radio.addEventListener("change", () => this.#switch()));
    this.text.addEventListener("input", () => this.#typed());
    this.text.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("submit", (event) => this.#submit(event));
    if (!this.text.value) this.#takeDraft();
    this.#fit();
    outbox.of(thread).forEach((entry) => this.report(entry, "waiting"));
  }

  get kind() {
    return this.form.querySelector('[name="kind"]:checked').value;
  }

  choose(kind) {
    this.form.querySelector(`[name="kind"][value="${kind}"]`).checked = true;
    this.#switch();
    this.text.focus();
  }

  #switch() {
    const isNote = this.kind === "note";
    this.form.classList.toggle("is-note", isNote);
    this.text.placeholder = isNote ? this.text.dataset.noteHint : this.replyHint;
    this.#takeDraft();
    this.#fit();
  }

  #takeDraft() {
    this.text.value = localStorage.getItem(draftKey(this.thread, this.kind)) ?? "";
  }

  #keepDraft() {
    const key = draftKey(this.thread, this.kind);
    if (this.text.value.trim()) localStorage.setItem(key, this.text.value);
    else localStorage.removeItem(key);
    this.#fit();
  }

  #fit() {
    this.text.rows = Math.min(9, Math.max(2, this.text.value.split("\n").length));
  }

  #typed() {
    this.#keepDraft();
    this.saved.look();
    if (this.kind === "reply" && operator && Date.now() - lastTyping > TYPING_EVERY_MS && this.text.value.trim()) {
      lastTyping = Date.now();
      call("POST", `/dialogues/${this.thread}/typing`, { is_typing: true }).catch(() => {});
    }
  }

  #key(event) {
    if (this.saved.key(event)) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.form.requestSubmit(this.form.querySelector("[data-send]"));
    }
  }

  #submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (!text) return this.text.focus();
    this.#complain("");
    const answering = this.form.querySelector("#operator")?.value || undefined;
    outbox.add({ thread: this.thread, kind: this.kind, text, operator: answering, key: newKey(), at: Date.now() });
    this.text.value = "";
    this.#keepDraft();
    lastTyping = 0;
    return undefined;
  }

  // How one sending goes: a line of its own until the server's takes its place.
  report(entry, state, problem) {
    if (entry.thread !== this.thread) return;
    const list = document.querySelector("[data-messages]");
    let line = list.querySelector(`[data-pending="${entry.key}"]`);
    if (state === "sent") {
      announce(say("sent_said"));
      this.page.refresh().then(() => list.querySelector(`[data-pending="${entry.key}"]`)?.remove(), () => {});
      return;
    }
    if (state === "refused") {
      line?.remove();
      this.text.value = this.text.value ? `${entry.text}\n${this.text.value}` : entry.text;
      this.#keepDraft();
      this.#complain(say("send_failed", { reason: problem.message }));
      return;
    }
    if (!line) {
      line = document.createElement("li");
      line.className = entry.kind === "note" ? "note is-pending" : "message from-us by-human is-pending";
      line.dataset.pending = entry.key;
      const words = Object.assign(document.createElement("p"), { className: "text", textContent: entry.text });
      line.append(Object.assign(document.createElement("p"), { className: "author" }), words);
      list.append(line);
      this.page.toEnd();
    }
    line.querySelector(".author").textContent = say(state === "sending" ? "sending_now" : "unsent");
  }

  #complain(text) {
    const place = this.form.querySelector("[data-problem]");
    place.textContent = text;
    place.hidden = !text;
  }
}

function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only where the page came over https
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function compose(form, thread, page) {
  shown = new Composer(form, thread, page);
}

export const choose = (kind) => shown?.choose(kind);
