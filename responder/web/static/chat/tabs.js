// Other tabs of the same chat hear at once what is sent or discarded here; what is stored they learn from the server.

export class Tabs {
  #channel = null;

  // `hear({type, entry})`: type is "pending" or "discarded".
  constructor({ name, hear }) {
    try {
      this.#channel = new BroadcastChannel(name);
    } catch {
      return; // unknown to the browser, or refused to a frame: the server tells the other tabs a little later
    }
    this.#channel.addEventListener("message", ({ data }) => hear(data));
  }

  tell(type, entry) {
    this.#channel?.postMessage({ type, entry });
  }
}
