// The chat page: puts its parts together and says what happens when.

import { Composer } from "./chat/composer.js";
import { Dates } from "./chat/dates.js";
import { Host } from "./chat/host.js";
import { Outbox, newMessageId } from "./chat/outbox.js";
import { Replies } from "./chat/replies.js";
import { Scroll } from "./chat/scroll.js";
import { Session } from "./chat/session.js";
import { readSource } from "./chat/source.js";
import { openStore } from "./chat/store.js";
import { Tabs } from "./chat/tabs.js";
import { Transcript } from "./chat/transcript.js";
import { Typing } from "./chat/typing.js";
import { Updates } from "./chat/updates.js";
import { fitVisibleArea } from "./chat/viewport.js";

const ANSWER_EXPECTED_MS = 8_000;
const TYPING_LASTS_MS = 6_000;

const config = JSON.parse(document.body.dataset.config);
const { texts, language } = config;
const part = (id) => document.getElementById(id);
const title = document.title;
const store = openStore(`responder:${config.site}:`);
const isEmbedded = config.embed && window.parent !== window;

const host = isEmbedded ? new Host({ onState: onPanel }) : null;
const greeting = host ? await host.greeting() : null;
const origin = {
  pageUrl: greeting?.page_url ?? location.href,
  source: readSource({
    landingUrl: greeting?.landing_url ?? location.href,
    referrer: greeting ? greeting.referrer : document.referrer,
    ref: greeting ? null : new URLSearchParams(location.search).get("start"),
  }),
};
const keep = greeting
  ? { get: () => greeting.token || store.get("token"), set: rememberAtHost }
  : { get: () => store.get("token"), set: (token) => store.set("token", token) };

const session = new Session({ base: config.base, site: config.site, keep });
const transcript = new Transcript({ log: part("log"), texts, dates: new Dates(language, texts) });
const typing = new Typing({ dots: part("typing"), status: part("typing-status"), text: texts.typing });
const replies = new Replies({ list: part("replies"), choose: press });
const tabs = new Tabs({ name: `responder:${config.site}`, hear: onOtherTab });
const outbox = new Outbox({ store, session, report: onOutbox });
const scroll = new Scroll({
  scroller: part("scroller"),
  content: [part("log"), part("replies"), part("intro"), part("typing")],
  button: part("to-latest"),
  count: part("unseen"),
});
const composer = new Composer({
  form: part("composer"),
  field: part("text"),
  button: part("send"),
  problem: part("problem"),
  texts,
  limit: config.textLimit,
  store,
  send: say,
  // of somebody who has never written there is no dialogue to show it in
  typing: () => transcript.last && session.call("POST", "/web/v1/typing").catch(() => {}),
});
const updates = new Updates({
  session,
  after: () => transcript.after,
  onLine: onLine,
  onTyping: () => typing.show(TYPING_LASTS_MS),
  onReachable: showReachable,
});
let unread = 0;
let isReachable = true;

start();

async function start() {
  if (!isEmbedded) fitVisibleArea(part("chat"));
  part("call-person").addEventListener("click", () => say(texts.call_person_message));
  part("starters").querySelectorAll("button").forEach((button) => {
    button.addEventListener("click", () => say(button.textContent));
  });
  part("close")?.addEventListener("click", () => host?.tell("close"));
  document.addEventListener("keydown", (event) => event.key === "Escape" && host?.tell("close"));
  document.addEventListener("visibilitychange", markRead);
  window.addEventListener("online", () => {
    showReachable(isReachable);
    outbox.nudge();
    updates.nudge();
  });
  window.addEventListener("offline", () => showReachable(isReachable));
  outbox.adopt().forEach((entry) => transcript.addPending(entry));
  await load();
  transcript.settle();
  refresh();
  scroll.toEnd();
  if (!host || host.isOpen) composer.focus();
  outbox.drain();
  updates.start();
}

// The history; where it cannot be had now, `updates` brings it later.
async function load() {
  try {
    (await session.open()).forEach((line) => transcript.addStored(line));
  } catch {
    showReachable(false);
  }
}

function say(text) {
  send({ kind: "message", text });
}

function press({ label, payload }) {
  send({ kind: "pressed", label, payload });
}

function send(content) {
  const entry = {
    client_message_id: newMessageId(),
    ...content,
    sent_at: new Date().toISOString(),
    lang: language,
    page_url: origin.pageUrl,
    source: origin.source,
  };
  transcript.addPending(entry);
  tabs.tell("pending", entry);
  refresh();
  scroll.toEnd();
  outbox.add(entry);
}

function onOutbox(entry, state, answer) {
  if (state === "sent") {
    transcript.confirm(entry, answer);
    updates.hurry();
    host?.tell("spoke");
    const isAnswered = transcript.last?.from !== "me";
    if (!isAnswered && transcript.lastIncoming?.from !== "person") typing.show(ANSWER_EXPECTED_MS);
  } else {
    transcript.showState(entry, state, { retry: () => outbox.retry(entry), discard: () => discard(entry) });
  }
  refresh();
}

function discard(entry) {
  outbox.discard(entry);
  transcript.remove(entry);
  tabs.tell("discarded", entry);
  refresh();
}

function onOtherTab({ type, entry }) {
  if (type === "pending") transcript.addPending(entry);
  if (type === "discarded") transcript.remove(entry);
  refresh();
  scroll.toEnd();
}

function onLine(line) {
  if (!transcript.addStored(line)) return refresh();
  if (line.from !== "me") {
    typing.hide();
    if (!isLookedAt()) showUnread(unread + 1);
  }
  refresh();
  return line.from === "me" ? scroll.toEnd() : scroll.noticed();
}

function refresh() {
  const { last } = transcript;
  const isWaiting = transcript.hasPending || !last || last.from === "me";
  replies.show(isWaiting ? [] : (last.buttons ?? []));
  part("starters").hidden = !transcript.isEmpty;
  part("chat").classList.toggle("has-lines", !transcript.isEmpty);
}

function showReachable(is) {
  isReachable = is;
  const banner = part("banner");
  const words = navigator.onLine === false ? texts.offline : is ? "" : texts.trouble;
  if (banner.textContent !== words) banner.textContent = words;
  banner.hidden = !words;
}

function rememberAtHost(token) {
  store.set("token", token);
  greeting.token = token;
  host.tell("token", { token });
}

function onPanel(isOpen) {
  if (!isOpen) return;
  markRead();
  scroll.toEnd();
  composer.focus();
  updates.nudge();
}

function isLookedAt() {
  return document.visibilityState === "visible" && (!host || host.isOpen);
}

function markRead() {
  if (isLookedAt()) showUnread(0);
}

function showUnread(count) {
  unread = count;
  document.title = count ? `(${count}) ${title}` : title;
  host?.tell("unread", { count });
}
