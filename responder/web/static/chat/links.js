// Finds web addresses in plain text. Only http and https ever become links.

const ADDRESS = /https?:\/\/[^\s<>"'«»]+/gi;
const TRAILING = /[.,;:!?…*_]+$/;

// The text as a list of strings and of {href, label}.
export function splitLinks(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const label = trimAddress(match[0]);
    const href = webAddress(label);
    if (!href) continue;
    parts.push(text.slice(from, match.index), { href, label });
    from = match.index + label.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

// Text nodes and safe anchors.
export function linkedNodes(text) {
  return splitLinks(text).map((part) => {
    if (typeof part === "string") return document.createTextNode(part);
    const anchor = document.createElement("a");
    anchor.href = part.href;
    anchor.textContent = part.label;
    anchor.target = "_blank";
    anchor.rel = "noopener nofollow";
    return anchor;
  });
}

function trimAddress(address) {
  let kept = address.replace(TRAILING, "");
  while (kept.endsWith(")") && kept.split(")").length > kept.split("(").length) kept = kept.slice(0, -1);
  return kept.replace(TRAILING, "");
}

function webAddress(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
