// Saved replies: "/" at the beginning of a word lists them, the keys choose, the text comes with its placeholders
// filled; one that has no value yet is left in braces and selected.

import { call, say } from "./page.js";

const TRIGGER = /(^|\s)\/([\p{L}\p{N}_-]*)$/u;

export class SavedReplies {
  #form;
  #text;
  #thread;
  #changed;
  #list;
  #known = null;
  #chosen = 0;

  constructor(form, text, thread, changed) {
    this.#form = form;
    this.#text = text;
    this.#thread = thread;
    this.#changed = changed;
    this.#list = form.querySelector("[data-saved-list]");
    const button = form.querySelector("[data-saved-replies]");
    button.hidden = false;
    button.addEventListener("click", () => this.#open(""));
    this.#list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the text keeps the focus
      const option = event.target.closest("[role=option]");
      if (option) this.#take(option);
    });
    text.addEventListener("blur", () => this.close());
  }

  look() {
    const typed = this.#text.value.slice(0, this.#text.selectionStart).match(TRIGGER);
    if (typed) this.#open(typed[2]);
    else this.close();
  }

  // True when the key was for the list.
  key(event) {
    if (this.#list.hidden) return false;
    const options = [...this.#list.querySelectorAll("[role=option]")];
    if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") this.#choose(this.#chosen + (event.key === "ArrowDown" ? 1 : -1));
    else if ((event.key === "Enter" || event.key === "Tab") && options.length) this.#take(options[this.#chosen]);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  close() {
    this.#list.hidden = true;
    this.#text.removeAttribute("aria-activedescendant");
  }

  async #open(typed) {
    this.#known ??= await call("GET", `/dialogues/${this.#thread}/saved-replies`).catch(() => []);
    const wanted = typed.toLowerCase();
    const found = this.#known.filter((reply) => `${reply.shortcut} ${reply.text}`.toLowerCase().includes(wanted));
    this.#list.replaceChildren(...found.slice(0, 8).map(option));
    if (!found.length) {
      this.#list.append(Object.assign(document.createElement("li"), { className: "quiet", textContent: say("no_saved_replies") }));
    }
    this.#list.hidden = false;
    this.#text.focus();
    this.#choose(0);
  }

  #choose(number) {
    const options = [...this.#list.querySelectorAll("[role=option]")];
    if (!options.length) return;
    this.#chosen = (number + options.length) % options.length;
    options.forEach((each, at) => each.setAttribute("aria-selected", String(at === this.#chosen)));
    this.#text.setAttribute("aria-activedescendant", options[this.#chosen].id);
    options[this.#chosen].scrollIntoView({ block: "nearest" });
  }

  #take(chosen) {
    const until = this.#text.selectionStart;
    const before = this.#text.value.slice(0, until).replace(TRIGGER, "$1");
    const filled = chosen.dataset.text;
    this.#text.value = before + filled + this.#text.value.slice(until);
    this.close();
    this.#text.focus();
    const open = filled.match(/\{\w+\}/);
    const at = before.length + (open ? open.index : filled.length);
    this.#text.setSelectionRange(at, at + (open ? open[0].length : 0));
    this.#changed();
  }
}

function option(reply, number) {
  const item = document.createElement("li");
  item.id = `saved-${number}`;
  item.setAttribute("role", "option");
  item.dataset.text = reply.filled ?? reply.text;
  const name = Object.assign(document.createElement("strong"), { textContent: `/${reply.shortcut}` });
  item.append(name, ` ${reply.filled ?? reply.text}`);
  return item;
}
