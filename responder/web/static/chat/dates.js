// Times and days as the visitor's language writes them, in the visitor's own zone.

export class Dates {
  #texts;
  #time;
  #day;
  #dayWithYear;

  constructor(language, texts) {
    this.#texts = texts;
    this.#time = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
    this.#day = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    this.#dayWithYear = new Intl.DateTimeFormat(language, { day: "numeric", month: "long", year: "numeric" });
  }

  time(instant) {
    return this.#time.format(instant);
  }

  day(instant, now = new Date()) {
    const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
    if (isSameDay(instant, now)) return this.#texts.today;
    if (isSameDay(instant, yesterday)) return this.#texts.yesterday;
    const words = (instant.getFullYear() === now.getFullYear() ? this.#day : this.#dayWithYear).format(instant);
    return words.charAt(0).toUpperCase() + words.slice(1);
  }
}

export function isSameDay(one, other) {
  return one.toDateString() === other.toDateString();
}
