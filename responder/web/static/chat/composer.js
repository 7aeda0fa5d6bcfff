// Where the visitor writes: grows with the text, keeps a draft over a reload, never loses what was typed.

const DRAFT = "draft";
const TYPING_EVERY_MS = 4_000;

export class Composer {
  #form;
  #field;
  #button;
  #problem;
  #texts;
  #limit;
  #store;
  #lastTyping = 0;

  constructor({ form, field, button, problem, texts, limit, store, send, typing }) {
    Object.assign(this, { send, typing });
    this.#form = form;
    this.#field = field;
    this.#button = button;
    this.#problem = problem;
    this.#texts = texts;
    this.#limit = limit;
    this.#store = store;
    field.value ||= store.get(DRAFT) ?? ""; // the visitor may have typed before this script came
    field.addEventListener("input", () => {
      this.#onInput();
      this.#tell();
    });
    field.addEventListener("keydown", (event) => this.#onKey(event));
    form.addEventListener("submit", (event) => this.#onSubmit(event));
    this.#onInput();
  }

  // Only where that brings no keyboard over the conversation.
  focus() {
    if (matchMedia("(pointer: fine)").matches) this.#field.focus({ preventScroll: true });
  }

  #onInput() {
    const { value } = this.#field;
    if (value) this.#store.set(DRAFT, value);
    else this.#store.remove(DRAFT);
    this.#button.disabled = !value.trim();
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
    if (this.#problem.textContent && lengthOf(value) <= this.#limit) this.#complain("");
  }

  // The salon's people see that the visitor is typing.
  #tell() {
    if (!this.#field.value.trim() || Date.now() - this.#lastTyping < TYPING_EVERY_MS) return;
    if (this.typing()) this.#lastTyping = Date.now();
  }

  #onKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #onSubmit(event) {
    event.preventDefault();
    const text = wholeCharacters(this.#field.value).trim();
    if (!text) return;
    const length = lengthOf(text);
    if (length > this.#limit) {
      this.#complain(this.#texts.too_long.replace("{limit}", this.#limit).replace("{length}", length));
      return;
    }
    this.#field.value = "";
    this.#onInput();
    this.send(text);
  }

  #complain(problem) {
    this.#problem.textContent = problem;
    this.#field.toggleAttribute("aria-invalid", Boolean(problem));
  }
}

function lengthOf(text) {
  return [...text].length;
}

function wholeCharacters(text) {
  return text.toWellFormed ? text.toWellFormed() : text;
}
