// Where the visitor came from: utm marks, click ids and the referrer, as written in the address they landed on.

const UTM = ["source", "medium", "campaign", "content", "term"];
const CLICK_IDS = ["yclid", "ysclid", "gclid", "gbraid", "wbraid", "fbclid", "ttclid", "rb_clickid", "msclkid"];

export function readSource({ landingUrl, referrer, ref }) {
  const query = queryOf(landingUrl);
  const source = {
    ref: ref || undefined,
    referrer: referrer || undefined,
    utm: pick(UTM, (name) => query.get(`utm_${name}`)),
    click_ids: pick(CLICK_IDS, (name) => query.get(name)),
  };
  return source;
}

function pick(names, read) {
  return Object.fromEntries(names.map((name) => [name, read(name)]).filter(([, value]) => value));
}

function queryOf(address) {
  try {
    return new URL(address).searchParams;
  } catch {
    return new URLSearchParams();
  }
}
