// Keeps staff pages fresh: fetches the page again and swaps in the parts that changed, but never under somebody's hands.

const EVERY_MS = 3000;
const NEAR_END_PX = 160;

const places = () => [...document.querySelectorAll("[data-refresh]")];
const isInUse = (place) => place.querySelector("details[open]") || place.contains(document.activeElement);
const isAtEnd = () => scrollY + innerHeight > document.documentElement.scrollHeight - NEAR_END_PX;

async function refresh() {
  if (document.hidden || places().length === 0) {
    return;
  }
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) {
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const wasAtEnd = isAtEnd();
  for (const place of places()) {
    const fresh = page.querySelector(`[data-refresh="${place.dataset.refresh}"]`);
    if (fresh && fresh.innerHTML !== place.innerHTML && !isInUse(place)) {
      place.replaceWith(document.adoptNode(fresh));
    }
  }
  if (wasAtEnd && document.querySelector(".messages")) {
    scrollTo(0, document.documentElement.scrollHeight);
  }
}

function sendOnEnter(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button.main"));
  }
}

document.querySelector("#reply")?.addEventListener("keydown", sendOnEnter);
if (document.querySelector(".messages")) {
  scrollTo(0, document.documentElement.scrollHeight);
}

// one at a time: a slow answer must not be overtaken by the next
(function again() {
  setTimeout(() => refresh().catch(() => {}).finally(again), EVERY_MS);
})();
