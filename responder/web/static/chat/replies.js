// Answers to choose from, as a list of buttons.

export class Replies {
  #list;
  #choose;

  constructor({ list, choose }) {
    this.#list = list;
    this.#choose = choose;
  }

  show(buttons) {
    this.#list.replaceChildren(...buttons.map((button) => this.#item(button)));
    this.#list.hidden = buttons.length === 0;
  }

  #item({ label, payload }) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "reply";
    button.textContent = label;
    button.addEventListener("click", () => this.#choose({ label, payload }));
    item.append(button);
    return item;
  }
}
