// The page that embeds us. It keeps the visitor's token, since browsers give a frame on somebody else's site a storage
// of its own or none at all. Only the window that frames us is heard, and it is answered at its own origin.

const HELLO_WITHIN_MS = 3_000;
const PREFIX = "responder:";

export class Host {
  #origin = null;
  #onState;
  isOpen = false;

  // `onState(isOpen)`: the panel was opened or closed.
  constructor({ onState }) {
    this.#onState = onState;
  }

  // What the page told about itself: {token, page_url, landing_url, referrer}; null when it stays silent.
  greeting() {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), HELLO_WITHIN_MS);
      window.addEventListener("message", ({ source, origin, data }) => {
        if (source !== window.parent || typeof data?.type !== "string") return;
        if (data.type === `${PREFIX}hello`) {
          this.#origin = origin;
          this.isOpen = Boolean(data.open);
          clearTimeout(timer);
          resolve(data);
        } else if (data.type === `${PREFIX}state` && origin === this.#origin) {
          this.isOpen = Boolean(data.open);
          this.#onState(this.isOpen);
        }
      });
    });
  }

  tell(type, content = {}) {
    if (this.#origin) window.parent.postMessage({ type: PREFIX + type, ...content }, this.#origin);
  }
}
