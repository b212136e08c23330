// Reads an OpenAPI 3.1 document: operations by tag, references resolved, samples made up from schemas.

const METHODS = ["get", "post", "put", "patch", "delete"];
/** Header fields the signer writes; nobody fills them in by hand. */
const SIGNED_BY_US = ["signature", "signature-input", "content-digest", "content-type", "authorization"];

/** The order of a purchase, in which operations are easiest to learn; others follow as the document has them. */
const WALK = [
  "search_offers", "get_offer", "batch_offers", "list_related_offers", "get_offer_trends", "create_image", "resolve_link", "list_categories", "get_category",
  "get_supplier", "list_supplier_offers", "list_pools", "list_pool_offers", "list_rankings", "list_trending_keywords",
  "follow_offer", "follow_offers", "list_follows", "unfollow_offer",
  "create_freight_estimate", "create_quote", "get_quote",
  "create_order", "list_orders", "get_order", "get_order_by_reference", "cancel_order", "confirm_receipt",
  "create_order_note", "list_payment_options", "get_payment_options", "create_payment", "get_payment",
  "list_shipments", "get_shipment", "list_warehouses", "create_consignment", "list_consignments", "get_consignment",
  "get_consignment_by_reference", "create_receipt", "create_inspection", "create_handover", "cancel_consignment",
  "list_refund_reasons", "create_voucher", "get_voucher", "create_refund", "list_refunds", "get_refund", "withdraw_refund",
  "modify_refund", "create_return_shipment", "create_arbitration",
  "create_source_match", "get_source_match",
  "create_inquiry", "list_inquiries", "get_inquiry", "counter_quotation", "accept_quotation", "withdraw_inquiry",
  "create_webhook_endpoint", "test_webhook_endpoint", "list_webhook_deliveries", "list_webhook_endpoints",
  "get_webhook_endpoint", "update_webhook_endpoint", "rotate_webhook_secret", "resend_webhook_deliveries",
  "enable_webhook_endpoint", "delete_webhook_endpoint", "list_events", "acknowledge_events", "get_me", "get_limits",
  "get_usage", "set_storefront", "get_storefront",
];
/** Optional parameters whose example makes a first request telling; the others' would only narrow it. */
const TELLING = ["q", "language", "currency"];

/** Follows a `$ref`; a name is kept for the reader. */
export function resolve(document, node) {
  let seen = 0;
  let name = null;
  while (node && typeof node === "object" && typeof node.$ref === "string" && seen < 20) {
    const { $ref, ...beside } = node;
    name = $ref.split("/").pop();
    const target = $ref.replace(/^#\//, "").split("/").map(unescape).reduce((at, key) => at?.[key], document);
    node = target ? { ...target, ...beside } : {};
    seen += 1;
  }
  return name && node ? { name, ...node } : (node ?? {});
}

function unescape(part) {
  return decodeURIComponent(part).replace(/~1/g, "/").replace(/~0/g, "~");
}

/** All operations, grouped by tag in the document's order. */
export function groups(document) {
  const operations = [];
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const method of METHODS) {
      if (item[method]) operations.push(operation(document, path, method, item));
    }
  }
  const named = (document.tags ?? []).map(({ name, description }) => ({ name, description, operations: [] }));
  for (const one of operations) {
    let group = named.find(({ name }) => name === one.tag);
    if (!group) named.push((group = { name: one.tag, description: "", operations: [] }));
    group.operations.push(one);
  }
  const place = ({ id }) => (WALK.includes(id) ? WALK.indexOf(id) : WALK.length);
  for (const group of named) group.operations.sort((left, right) => place(left) - place(right));
  return named.filter((group) => group.operations.length > 0);
}

function operation(document, path, method, item) {
  const own = item[method];
  const parameters = [...(item.parameters ?? []), ...(own.parameters ?? [])]
    .map((parameter) => resolve(document, parameter))
    .filter(({ in: place, name }) => !(place === "header" && SIGNED_BY_US.includes(name.toLowerCase())));
  const security = own.security ?? document.security;
  const facts = factsOf(own, security);
  const words = titled(own.summary ?? own.operationId ?? path, facts.description);
  return {
    id: own.operationId ?? `${method}_${path}`.replace(/\W+/g, "_"),
    method: method.toUpperCase(),
    path,
    tag: own.tags?.[0] ?? "Other",
    title: words.title,
    description: words.rest,
    deprecated: own.deprecated === true,
    signed: security ? security.some((way) => Object.keys(way).length > 0) : path.startsWith("/v1/"),
    scopes: facts.scopes,
    cost: facts.cost,
    parameters,
    body: body(document, own.requestBody),
    responses: responses(document, own),
  };
}

/** The first clause of a summary is the title; what follows it begins the description. */
function titled(summary, description) {
  const text = summary.replace(/\s+/g, " ").trim();
  const [, title, rest] = /^(.*?)(?:\.$|[.;:] (.*))?$/.exec(text);
  const sentence = rest ? rest[0].toUpperCase() + rest.slice(1).replace(/\.?$/, ".") : "";
  return { title, rest: [sentence, description].filter(Boolean).join("\n\n") };
}

/** The sentence that ends a description with scope and cost becomes facts of their own. */
const FACTS = /\s*Scope (`[^`]+`(?: or `[^`]+`)*); costs (\d+[^.]*)\.\s*$/;

function factsOf(own, security) {
  const text = own.description ?? "";
  const [, scopes, cost] = FACTS.exec(text) ?? [];
  return {
    description: text.replace(FACTS, ""),
    scopes: scopes?.replaceAll("`", "").split(" or ") ?? security?.flatMap((way) => Object.values(way).flat()) ?? [],
    // A number, or a sentence where it depends on what is asked.
    cost: cost === undefined ? null : cost.replaceAll("`", ""),
  };
}

function body(document, requestBody) {
  if (!requestBody) return null;
  const found = resolve(document, requestBody);
  const [type, media] = Object.entries(found.content ?? {})[0] ?? [];
  if (!type) return null;
  return { type, required: found.required === true, schema: media.schema ?? {}, example: example(document, media, "request"), description: found.description };
}

function responses(document, own) {
  return Object.entries(own.responses ?? {}).sort().map(([status, response]) => {
    const found = resolve(document, response);
    const [type, media] = Object.entries(found.content ?? {})[0] ?? [];
    return {
      status,
      description: found.description ?? "",
      type: type ?? null,
      schema: media?.schema ?? null,
      example: media ? example(document, media) : undefined,
      headers: Object.entries(found.headers ?? {}).map(([name, header]) => ({ name, ...resolve(document, header) })),
    };
  });
}

/** The example a parameter is filled in with, or undefined when it is better left out. */
export function firstValue(document, parameter) {
  const given = parameter.example ?? parameter.schema?.example;
  if (parameter.required) return given ?? sample(document, parameter.schema ?? {});
  return TELLING.includes(parameter.name) ? given : undefined;
}

/** The example of a media type: given, first of several, or made up from the schema. */
export function example(document, media, purpose = "answer") {
  if (media.example !== undefined) return media.example;
  const first = Object.values(media.examples ?? {})[0];
  if (first) return resolve(document, first).value;
  return media.schema ? sample(document, media.schema, purpose) : undefined;
}

/** Flattens a schema for reading: reference followed, `allOf` merged, null taken out of a union. */
export function flatten(document, schema) {
  let found = resolve(document, schema);
  if (found.allOf) {
    const { allOf, ...rest } = found;
    const parts = allOf.map((part) => flatten(document, part));
    found = parts.reduce((sum, part) => ({
      ...sum, ...part,
      description: rest.description ?? part.description ?? sum.description,
      properties: { ...sum.properties, ...part.properties },
      required: [...(sum.required ?? []), ...(part.required ?? [])],
    }), rest);
  }
  const choices = found.oneOf ?? found.anyOf;
  if (choices) {
    const real = choices.filter((choice) => resolve(document, choice).type !== "null");
    const nullable = real.length < choices.length;
    const { oneOf, anyOf, ...rest } = found;
    if (real.length === 1) return { ...flatten(document, real[0]), ...rest, nullable };
    return { ...rest, choices: real, nullable };
  }
  if (Array.isArray(found.type)) {
    const types = found.type.filter((type) => type !== "null");
    return { ...found, type: types.length === 1 ? types[0] : types.join(" or "), nullable: found.type.includes("null") };
  }
  return found;
}

const BY_FORMAT = { "date-time": "2026-11-20T08:01:12Z", date: "2026-11-20", uri: "/", uuid: "0192f0c4-a291-7b3c-8d4e-5f6071829304" };

/** A value that fits the schema: an answer shows every field, a request only those it needs or has an example for. */
export function sample(document, schema, purpose = "answer", depth = 0) {
  const found = flatten(document, schema);
  if (found.example !== undefined) return found.example;
  if (found.examples?.length) return found.examples[0];
  if (found.default !== undefined && found.default !== null) return found.default;
  if (found.const !== undefined) return found.const;
  if (found.enum) return found.enum.find((value) => value !== null) ?? null;
  if (depth > 8) return null;
  if (found.choices) return sample(document, found.choices[0], purpose, depth + 1);
  if (found.properties || found.type === "object") {
    const required = found.required ?? [];
    const members = idFirst(Object.entries(found.properties ?? {}))
      .filter(([name, member]) => purpose === "answer" || required.includes(name) || hasExample(document, member));
    return Object.fromEntries(members.map(([name, member]) => [name, sample(document, member, purpose, depth + 1)]));
  }
  if (found.type === "array") return found.items ? [sample(document, found.items, purpose, depth + 1)] : [];
  if (found.type === "integer" || found.type === "number") return found.minimum ?? 1;
  if (found.type === "boolean") return true;
  if (found.type === "string") return BY_FORMAT[found.format] ?? "…";
  return null;
}

/** What a thing is called comes first, whatever the alphabet says. */
export function idFirst(members) {
  return members.sort(([left], [right]) => (right === "id") - (left === "id"));
}

function hasExample(document, schema) {
  const found = flatten(document, schema);
  return found.example !== undefined || found.examples?.length > 0;
}
