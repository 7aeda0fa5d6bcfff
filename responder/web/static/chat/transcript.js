// The conversation: stored lines by id, then what is still on its way. A line is shown once, whichever way it comes.

import { isSameDay } from "./dates.js";
import { LineView } from "./line.js";

const OVERLAP_LINES = 30; // a reply may be delivered late and carry an id smaller than lines already here
const PAUSE_MS = 5 * 60_000; // after a pause as long as this the time is shown and a new group begins

export class Transcript {
  #log;
  #texts;
  #dates;
  #rows = []; // {id: number or Infinity, clientId, view}, in the order shown
  #isLoading = true;

  constructor({ log, texts, dates }) {
    this.#log = log;
    this.#texts = texts;
    this.#dates = dates;
  }

  get isEmpty() {
    return this.#rows.length === 0;
  }

  // The last line the server stored; null when there is none.
  get last() {
    return this.#stored().at(-1)?.view.line ?? null;
  }

  get lastIncoming() {
    return this.#stored().findLast((row) => row.view.line.from !== "me")?.view.line ?? null;
  }

  get hasPending() {
    return this.#rows.some((row) => row.id === Infinity);
  }

  // Continue reading after this id.
  get after() {
    const row = this.#stored().at(-OVERLAP_LINES);
    return row ? row.id - 1 : 0;
  }

  // Loading is over: from now on, new lines are read out and move.
  settle() {
    this.#isLoading = false;
    this.#log.setAttribute("aria-live", "polite");
  }

  // True when the line is new here.
  addStored(line) {
    if (this.#rows.some((row) => row.id === line.id)) return false;
    const known = this.#rows.find((row) => row.clientId && row.clientId === line.client_message_id);
    const row = known ?? this.#newRow(line.client_message_id);
    row.id = line.id;
    row.view.show({ ...line, at: new Date(line.at) });
    row.view.showState(null);
    this.#insert(row);
    return !known;
  }

  addPending(entry) {
    if (this.#rows.some((row) => row.clientId === entry.client_message_id)) return;
    const row = this.#newRow(entry.client_message_id);
    row.view.show({ from: "me", text: entry.label ?? entry.text, at: new Date(entry.sent_at), buttons: [] });
    row.view.showState("sending");
    this.#insert(row);
  }

  showState(entry, state, actions) {
    const row = this.#rows.find((candidate) => candidate.clientId === entry.client_message_id);
    if (row && row.id === Infinity) row.view.showState(state, actions);
  }

  confirm(entry, { id, received_at: receivedAt }) {
    const row = this.#rows.find((candidate) => candidate.clientId === entry.client_message_id);
    if (!row || row.id !== Infinity) return;
    row.id = id;
    row.view.show({ ...row.view.line, id, at: new Date(receivedAt) });
    row.view.showState(null);
    this.#insert(row);
  }

  remove(entry) {
    const row = this.#rows.find((candidate) => candidate.clientId === entry.client_message_id);
    if (!row || row.id !== Infinity) return;
    this.#rows = this.#rows.filter((candidate) => candidate !== row);
    row.view.element.remove();
    this.#arrange();
  }

  #stored() {
    return this.#rows.filter((row) => row.id !== Infinity);
  }

  #newRow(clientId) {
    const view = new LineView({ texts: this.#texts, dates: this.#dates });
    if (!this.#isLoading) view.element.classList.add("is-new");
    return { id: Infinity, clientId, view };
  }

  #insert(row) {
    const others = this.#rows.filter((candidate) => candidate !== row);
    const found = others.findIndex((candidate) => candidate.id > row.id);
    const position = found < 0 ? others.length : found;
    const next = others[position]?.view.element ?? null;
    const { element } = row.view;
    // moving a node that is in its place already would have it read out twice
    if (!element.isConnected || element.nextElementSibling !== next) this.#log.insertBefore(element, next);
    this.#rows = [...others.slice(0, position), row, ...others.slice(position)];
    this.#arrange();
  }

  #arrange() {
    let incoming = null;
    this.#rows.forEach(({ view }, index) => {
      const { line } = view;
      const previous = this.#rows[index - 1]?.view.line;
      const next = this.#rows[index + 1]?.view.line;
      const startsDay = !previous || !isSameDay(previous.at, line.at);
      const startsGroup = startsDay || !isSameGroup(previous, line);
      const isHeard = line.from === "bot" || line.from === "person";
      const changesSpeaker = isHeard && (incoming?.from !== line.from || incoming?.name !== line.name);
      view.place({
        startsDay,
        startsGroup,
        endsGroup: !next || !isSameDay(next.at, line.at) || !isSameGroup(line, next),
        showsTime: line.from !== "system" && (!next || next.at - line.at > PAUSE_MS),
        speaker: changesSpeaker ? (line.name ?? (line.from === "bot" ? this.#texts.assistant : "")) : "",
      });
      if (isHeard) incoming = line;
    });
  }
}

function isSameGroup(one, other) {
  return one.from === other.from && one.name === other.name && Math.abs(other.at - one.at) <= PAUSE_MS;
}
