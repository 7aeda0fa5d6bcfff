// Keeps the chat inside what is visible: iOS lays the keyboard over the page and only the visual viewport tells.

export function fitVisibleArea(root) {
  const viewport = window.visualViewport;
  if (!viewport) return;
  const fit = () => {
    if (viewport.scale > 1.01) return; // the reader has zoomed in: leave the page alone
    const isCovered = window.innerHeight - viewport.height > 60;
    root.style.setProperty("--visible-height", isCovered ? `${viewport.height}px` : "");
    root.style.setProperty("--visible-top", isCovered ? `${viewport.offsetTop}px` : "");
  };
  viewport.addEventListener("resize", fit);
  viewport.addEventListener("scroll", fit);
  fit();
}
