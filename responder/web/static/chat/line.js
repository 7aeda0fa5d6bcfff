// One line of the conversation on screen. Text goes in as text, never as markup.

import { linkedNodes } from "./links.js";

export class LineView {
  element = make("div", "line");
  #day = make("p", "day");
  #who = make("p", "who");
  #bubble = make("div", "bubble");
  #meta = make("div", "meta");
  #state = null;

  constructor({ texts, dates }) {
    this.texts = texts;
    this.dates = dates;
    this.element.append(this.#bubble, this.#meta);
  }

  // `line`: {from, name, text, at: Date}
  show(line) {
    this.line = line;
    this.element.classList.add(`from-${line.from}`);
    const speaker = make("span", "visually-hidden");
    speaker.textContent = line.from === "me" ? `${this.texts.you}: ` : "";
    this.#bubble.replaceChildren(speaker, ...linkedNodes(line.text));
    this.#showMeta();
  }

  // `state`: null when stored, else "sending", "waiting", "limited" or "failed".
  showState(state, actions) {
    this.#state = state && { name: state, actions };
    this.element.classList.toggle("is-pending", Boolean(state));
    this.element.classList.toggle("is-failed", state === "failed");
    this.#showMeta();
  }

  place({ startsDay, startsGroup, endsGroup, showsTime, speaker }) {
    this.element.classList.toggle("starts-group", startsGroup);
    this.element.classList.toggle("ends-group", endsGroup);
    this.element.classList.toggle("shows-time", showsTime);
    attach(this.#day, startsDay ? this.dates.day(this.line.at) : "", (node) => this.element.prepend(node));
    attach(this.#who, speaker, (node) => this.#bubble.before(node));
  }

  #showMeta() {
    const time = make("time");
    time.dateTime = this.line.at.toISOString();
    time.textContent = this.dates.time(this.line.at);
    if (!this.#state) return this.#meta.replaceChildren(time);
    const { name, actions } = this.#state;
    const state = make("span", "state");
    state.textContent = this.texts[name === "limited" ? "limited_retry" : name];
    const buttons = name === "sending" || name === "limited" ? [] : [button(this.texts.retry, actions.retry)];
    if (name === "failed") buttons.push(button(this.texts.discard, actions.discard));
    return this.#meta.replaceChildren(state, ...buttons);
  }
}

// Changing a text that did not change would be read out again.
function attach(node, text, insert) {
  if (!text) return node.remove();
  if (node.textContent !== text) node.textContent = text;
  if (!node.isConnected) insert(node);
}

function button(label, act) {
  const node = make("button", "text-button");
  node.type = "button";
  node.textContent = label;
  node.addEventListener("click", act);
  return node;
}

function make(tag, className) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  return node;
}
