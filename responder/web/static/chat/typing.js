// The three dots: while an answer is on its way, and never longer than is believable.

export class Typing {
  #dots;
  #status;
  #text;
  #timer = null;

  constructor({ dots, status, text }) {
    this.#dots = dots;
    this.#status = status;
    this.#text = text;
  }

  show(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hide(), ms);
    if (!this.#dots.hidden) return;
    this.#dots.hidden = false;
    this.#status.textContent = this.#text;
  }

  hide() {
    clearTimeout(this.#timer);
    this.#dots.hidden = true;
    this.#status.textContent = "";
  }
}
