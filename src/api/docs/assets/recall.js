// Remembers ids from answers, so that the next try-out is filled in: search, open, quote, order, each one click on.

const seen = new Map();

/** What to look for in an answer: operation, name of the value, path to it. The last answer wins. */
const PATHS = [
  ["search_offers", "offer_id", ["items", 0, "id"]],
  ["search_offers", "supplier_id", ["items", 0, "supplier", "id"]],
  ["search_offers", "cursor", ["next_cursor"]],
  ["get_offer", "offer_id", ["id"]],
  ["get_offer", "sku_id", ["skus", 0, "id"]],
  ["get_offer", "supplier_id", ["supplier", "id"]],
  ["create_quote", "quote_id", ["quotes", 0, "id"]],
  ["create_order", "order_id", ["id"]],
  ["create_order", "reference", ["reference"]],
  ["get_order", "order_id", ["id"]],
  ["get_order_by_reference", "order_id", ["id"]],
  ["list_orders", "order_id", ["items", 0, "id"]],
  ["list_orders", "reference", ["items", 0, "reference"]],
];
/** Ids that say themselves what they are. */
const PREFIXES = { quo_: "quote_id", ord_: "order_id", pay_: "payment_id" };

/** Takes ids out of an answer. */
export function remember(operation, answer) {
  if (!answer || typeof answer !== "object") return;
  for (const [from, value, path] of PATHS) {
    const found = from === operation ? path.reduce((at, key) => at?.[key], answer) : undefined;
    if (found !== undefined && found !== null) seen.set(value, found);
  }
  if (operation === "get_offer") seen.set("quantity", leastQuantity(answer));
  const own = typeof answer.id === "string" ? PREFIXES[answer.id.slice(0, 4)] : null;
  if (own) seen.set(own, answer.id);
  document.dispatchEvent(new Event("remembered"));
}

/** The smallest quantity the supplier takes: the minimum, rounded up to the multiple. */
function leastQuantity({ minimum_order: minimum = 1, order_multiple: multiple }) {
  return multiple ? Math.ceil(minimum / multiple) * multiple : minimum;
}

/** The value remembered under a name, or undefined. */
export function recalled(name) {
  return seen.get(name);
}

/** Puts remembered values into an example body, and a new reference where one is wanted. */
export function fill(body) {
  if (Array.isArray(body)) return body.map(fill);
  if (!body || typeof body !== "object") return body;
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, filled(name, value)]));
}

function filled(name, value) {
  if (name === "reference") return `TRY-${new Date().toISOString().replace(/\D/g, "").slice(0, 17)}`;
  if (name === "order_ids" && seen.has("order_id")) return [seen.get("order_id")];
  if (seen.has(name) && typeof value !== "object") return seen.get(name);
  return fill(value);
}
