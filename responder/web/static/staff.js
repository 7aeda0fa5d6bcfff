// Keeps staff pages fresh: fetches the page again and swaps in what changed, but never under somebody's hands.

const EVERY_MS = 3000;

async function refresh() {
  const places = [...document.querySelectorAll("[data-refresh]")];
  if (document.hidden || places.length === 0 || places.some((place) => place.querySelector("details[open]"))) {
    return;
  }
  const response = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!response.ok) {
    return;
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = [...page.querySelectorAll("[data-refresh]")];
  places.forEach((place, index) => {
    if (fresh[index] && fresh[index].innerHTML !== place.innerHTML) {
      place.replaceWith(document.adoptNode(fresh[index]));
    }
  });
}

setInterval(() => refresh().catch(() => {}), EVERY_MS);
