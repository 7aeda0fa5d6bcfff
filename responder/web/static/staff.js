// Plain staff pages: menus close when something else is wanted, links to copy are selected by a touch, lists that change
// are fetched anew, but never under somebody's hands.

const EVERY_MS = 5000;

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  menu?.removeAttribute("open");
  menu?.querySelector("summary").focus();
});

for (const field of document.querySelectorAll("[data-select]")) {
  field.addEventListener("focus", () => field.select());
}

const places = () => [...document.querySelectorAll("[data-refresh]")];

async function refresh() {
  if (document.hidden || !places().length) return;
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const place of places()) {
    const fresh = page.querySelector(`[data-refresh="${place.dataset.refresh}"]`);
    const isInUse = place.contains(document.activeElement);
    if (fresh && fresh.innerHTML !== place.innerHTML && !isInUse) place.replaceWith(document.adoptNode(fresh));
  }
}

// one at a time: a slow answer must not be overtaken by the next
(function again() {
  setTimeout(() => refresh().catch(() => {}).finally(again), EVERY_MS);
})();
