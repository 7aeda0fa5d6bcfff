// Keeps the latest line in view while the reader is at the end, and leaves them alone while they read further up.

const NEAR_PX = 60;

export class Scroll {
  #scroller;
  #button;
  #count;
  #isAtEnd = true;
  #unseen = 0;

  constructor({ scroller, content, button, count }) {
    this.#scroller = scroller;
    this.#button = button;
    this.#count = count;
    scroller.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    button.addEventListener("click", () => this.toEnd({ isSmooth: true }));
    const observer = new ResizeObserver(() => this.#isAtEnd && this.toEnd());
    [scroller, ...content].forEach((node) => observer.observe(node));
  }

  // A line from the other side came.
  noticed() {
    if (this.#isAtEnd) return this.toEnd();
    this.#unseen += 1;
    return this.#show();
  }

  toEnd({ isSmooth = false } = {}) {
    this.#isAtEnd = true;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#scroller.scrollTo({ top: this.#scroller.scrollHeight, behavior: isSmooth && !still ? "smooth" : "instant" });
    this.#unseen = 0;
    this.#show();
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (this.#isAtEnd) this.#unseen = 0;
    this.#show();
  }

  #show() {
    this.#button.hidden = this.#isAtEnd;
    this.#count.hidden = this.#unseen === 0;
    this.#count.textContent = this.#unseen || "";
  }
}
