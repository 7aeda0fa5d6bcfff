// The chat on somebody else's page: a button, and our chat in a frame. Options are attributes of the script element:
//   data-site (needed), data-lang, data-label, data-position="left"
// Everything lives in a shadow tree, so that neither page's styles touch the other's.

(() => {
  const script = document.currentScript; // only now: null in anything that runs later
  if (!script || !script.dataset.site || window.ResponderChat) return;

  const { site, position } = script.dataset;
  const base = new URL(".", script.src).href.replace(/\/$/, "");
  const origin = new URL(base).origin;
  const language = (script.dataset.lang || document.documentElement.lang || "").split("-")[0].toLowerCase();
  const russian = language === "ru" || (!language && navigator.language.startsWith("ru"));
  const words = russian
    ? { open: "Открыть чат", close: "Закрыть чат", unread: "Новых сообщений: ", panel: "Чат" }
    : { open: "Open chat", close: "Close chat", unread: "New messages: ", panel: "Chat" };
  const label = script.dataset.label || words.open;
  const phone = matchMedia("(max-width: 30rem), (max-height: 26rem)");
  const FRESH_MS = 24 * 3600 * 1000;

  const STYLE = `
    :host { all: initial; }
    [hidden] { display: none !important; }
    .launcher {
      position: fixed; bottom: max(20px, env(safe-area-inset-bottom)); inset-inline-end: 20px; z-index: 2147483000;
      width: 60px; height: 60px; padding: 0; border: 0; border-radius: 50%; cursor: pointer;
      background: #12606c; color: #fff; box-shadow: 0 6px 20px rgb(16 42 50 / 28%);
      display: grid; place-items: center; transition: transform 140ms, background 140ms;
    }
    .left .launcher, .left .panel { inset-inline: 20px auto; }
    .launcher:hover { background: #0c4a54; transform: translateY(-1px); }
    .launcher:focus-visible { outline: 3px solid #1a7f8f; outline-offset: 3px; }
    .launcher svg { width: 28px; height: 28px; fill: none; stroke: currentcolor; stroke-width: 2;
      stroke-linecap: round; stroke-linejoin: round; }
    .launcher[aria-expanded="true"] .speech, .launcher[aria-expanded="false"] .down { display: none; }
    .badge {
      position: absolute; top: -4px; inset-inline-end: -4px; min-width: 22px; height: 22px; padding: 0 6px;
      box-sizing: border-box; border-radius: 11px; background: #b3261e; color: #fff;
      font: 600 13px/22px "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; text-align: center;
    }
    .panel {
      position: fixed; bottom: 96px; inset-inline-end: 20px; z-index: 2147483000;
      width: 392px; height: min(660px, calc(100vh - 120px)); overflow: hidden;
      border-radius: 20px; background: #eef2f3;
      box-shadow: 0 0 0 1px rgb(16 42 50 / 8%), 0 24px 64px rgb(16 42 50 / 24%);
      animation: rise 200ms cubic-bezier(0.2, 0.7, 0.2, 1);
    }
    iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
    .guard { position: absolute; width: 1px; height: 1px; outline: 0; }
    @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
    @media (prefers-color-scheme: dark) { .panel { background: #0d1315; } }
    @media (prefers-reduced-motion: reduce) { .panel { animation: none; } .launcher { transition: none; } }
    @media (max-width: 30rem), (max-height: 26rem) {
      .panel, .left .panel { inset: 0; width: 100%; height: 100%; border-radius: 0; box-shadow: none; }
      .launcher[aria-expanded="true"] { display: none; }
    }`;
  const MARKUP = `
    <div class="root">
      <div class="panel" id="panel" role="dialog" hidden>
        <div class="guard" tabindex="-1"></div><div class="guard" tabindex="-1"></div>
      </div>
      <button class="launcher" type="button" aria-expanded="false" aria-controls="panel">
        <svg class="speech" viewBox="0 0 24 24" aria-hidden="true"><path d="M20 11.5a7.5 7.5 0 0 1-11 6.6L4.5 19.5l1.3-4.2A7.5 7.5 0 1 1 20 11.5z"/></svg>
        <svg class="down" viewBox="0 0 24 24" aria-hidden="true"><path d="M6 9.5l6 6 6-6"/></svg>
        <span class="badge" aria-hidden="true" hidden></span>
      </button>
    </div>`;

  const kept = storage("localStorage");
  const visit = storage("sessionStorage");
  const KEY = `responder:${site}:`;
  let root, panel, launcher, badge, frame;
  let unread = 0;
  let isOpen = false;
  let isLoaded = false;
  let pageOverflow = "";

  if (!visit.get(`${KEY}landing`)) {
    visit.set(`${KEY}landing`, location.href);
    visit.set(`${KEY}referrer`, document.referrer);
  }
  window.ResponderChat = { open, close, toggle: () => (isOpen ? close() : open()) };
  if (document.body) build();
  else document.addEventListener("DOMContentLoaded", build);

  function build() {
    const holder = document.createElement("div");
    const tree = holder.attachShadow({ mode: "open" });
    tree.innerHTML = MARKUP; // a constant of ours: nothing from outside is in it
    addStyle(tree);
    root = tree.querySelector(".root");
    panel = tree.querySelector(".panel");
    launcher = tree.querySelector(".launcher");
    badge = tree.querySelector(".badge");
    root.classList.toggle("left", position === "left");
    panel.setAttribute("aria-label", words.panel);
    launcher.addEventListener("click", window.ResponderChat.toggle);
    tree.querySelectorAll(".guard").forEach((guard) => guard.addEventListener("focus", () => frame.focus()));
    tree.addEventListener("keydown", (event) => event.key === "Escape" && close());
    window.addEventListener("message", onMessage);
    window.visualViewport?.addEventListener("resize", fit);
    window.visualViewport?.addEventListener("scroll", fit);
    phone.addEventListener("change", shape);
    document.body.append(holder);
    name();
    const spoke = Number(kept.get(`${KEY}spoke_at`));
    if (visit.get(`${KEY}open`) === "1" && !phone.matches) open({ isRestored: true });
    else if (Date.now() - spoke < FRESH_MS) load(); // an answer may be waiting: show its count
  }

  function load() {
    if (frame) return;
    frame = document.createElement("iframe");
    frame.title = words.panel;
    frame.src = `${base}/chat/${encodeURIComponent(site)}?embed=1${language ? `&lang=${language}` : ""}`;
    frame.addEventListener("load", () => {
      isLoaded = true; // before, the frame is still empty and has another origin
      tell("hello", {
        token: kept.get(`${KEY}token`),
        page_url: location.href,
        landing_url: visit.get(`${KEY}landing`),
        referrer: visit.get(`${KEY}referrer`),
        open: isOpen,
      });
    });
    panel.firstElementChild.after(frame);
  }

  function open({ isRestored = false } = {}) {
    if (isOpen || !panel) return;
    isOpen = true;
    load();
    panel.hidden = false;
    shape();
    settle();
    if (!isRestored) frame.focus();
  }

  function close() {
    if (!isOpen) return;
    isOpen = false;
    panel.hidden = true;
    shape();
    settle();
    launcher.focus();
  }

  function settle() {
    launcher.setAttribute("aria-expanded", String(isOpen));
    visit.set(`${KEY}open`, isOpen ? "1" : "");
    if (isOpen) unread = 0;
    name();
    tell("state", { open: isOpen });
  }

  function name() {
    badge.hidden = !unread;
    badge.textContent = unread > 9 ? "9+" : unread;
    const state = isOpen ? words.close : label;
    launcher.setAttribute("aria-label", unread ? `${state}. ${words.unread}${unread}` : state);
  }

  // On a phone the panel covers the page: it is modal, and the page behind stands still.
  function shape() {
    const covers = isOpen && phone.matches;
    const page = document.documentElement.style;
    if (covers && !panel.hasAttribute("aria-modal")) {
      pageOverflow = page.overflow;
      page.overflow = "hidden";
    } else if (!covers && panel.hasAttribute("aria-modal")) {
      page.overflow = pageOverflow;
    }
    if (covers) panel.setAttribute("aria-modal", "true");
    else panel.removeAttribute("aria-modal");
    root.querySelectorAll(".guard").forEach((guard) => guard.setAttribute("tabindex", covers ? "0" : "-1"));
    fit();
  }

  // The keyboard of a phone covers the page without resizing it, and a frame is not told.
  function fit() {
    const viewport = window.visualViewport;
    if (!viewport || viewport.scale > 1.01) return;
    const covers = isOpen && phone.matches;
    panel.style.height = covers ? `${viewport.height}px` : "";
    panel.style.top = covers ? `${viewport.offsetTop}px` : "";
    panel.style.bottom = covers ? "auto" : "";
  }

  function onMessage({ source, origin: from, data }) {
    if (!frame || source !== frame.contentWindow || from !== origin || typeof data?.type !== "string") return;
    if (data.type === "responder:token") kept.set(`${KEY}token`, String(data.token));
    if (data.type === "responder:spoke") kept.set(`${KEY}spoke_at`, String(Date.now()));
    if (data.type === "responder:close") close();
    if (data.type === "responder:unread") {
      unread = isOpen ? 0 : Number(data.count) || 0;
      name();
    }
  }

  function tell(type, content) {
    if (isLoaded) frame.contentWindow?.postMessage({ type: `responder:${type}`, ...content }, origin);
  }

  function addStyle(tree) {
    try {
      const sheet = new CSSStyleSheet(); // not bound by the page's style-src
      sheet.replaceSync(STYLE);
      tree.adoptedStyleSheets = [sheet];
    } catch {
      const style = document.createElement("style");
      style.textContent = STYLE;
      tree.append(style);
    }
  }

  // Storage that never throws: where the browser refuses, it lasts as long as the page.
  function storage(area) {
    const memory = new Map();
    return {
      get(key) {
        try {
          return window[area].getItem(key) ?? memory.get(key) ?? null;
        } catch {
          return memory.get(key) ?? null;
        }
      },
      set(key, value) {
        memory.set(key, value);
        try {
          window[area].setItem(key, value);
        } catch {
          return;
        }
      },
    };
  }
})();
