"""What a shop has in stock: the ids of things that exist, bought and looked up as a partner would."""

import uuid

QUOTES = 12
ORDERS = 4


def plenty(offer):
    """A line that can surely be had: the smallest order of the variant with most stock; None when there is too little."""
    step = offer["order_multiple"] or 1
    quantity = -(-offer["minimum_order"] // step) * step
    sku = max(offer["skus"], key=lambda sku: sku["stock"])
    return {"sku_id": sku["id"], "quantity": quantity} if sku["stock"] > 4 * quantity else None


def gather(client):
    """Parameter or field name → ids; some quotes are ordered, the others are left to be ordered."""
    offers = client.call("GET", "/v1/offers", {"limit": 50}).json()["items"]
    categories = client.call("GET", "/v1/categories").json()["items"]
    lines, quotes, orders, references = [], [], [], []
    for summary in offers:
        line = plenty(client.offer(summary["id"]).json())
        if line and len(quotes) < QUOTES:
            lines.append(line)
            quotes += [quote["id"] for quote in client.quote([line]).json()["quotes"]]
    for quote in quotes[:ORDERS]:
        references.append("PO-" + uuid.uuid4().hex[:12])
        orders.append(client.order(references[-1], quote, str(uuid.uuid4())).json()["id"])
    payment = client.call(
        "POST", "/v1/payments", body={"order_ids": orders[:1], "method": "page"}, idempotency_key=str(uuid.uuid4())
    ).json()
    suppliers = [offer["supplier"]["id"] for offer in offers]
    return {
        "offer_id": [offer["id"] for offer in offers],
        "category": [category["id"] for category in categories],
        "supplier": suppliers,
        "supplier_id": suppliers,
        "line": lines,
        "sku_id": [line["sku_id"] for line in lines],
        "quote_id": quotes,
        "order_id": orders,
        "order_ids": [[order] for order in orders],
        "reference": references,
        "payment_id": [payment["id"]],
    }
