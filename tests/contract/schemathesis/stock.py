"""What a shop has in stock: the ids of things that exist, bought and looked up as a partner would."""

import uuid

QUOTES = 12
ORDERS = 4


def gather(client):
    """Parameter or field name → ids; some quotes are ordered, the others are left to be ordered."""
    offers = client.call("GET", "/v1/offers", {"limit": QUOTES}).json()["items"]
    categories = client.call("GET", "/v1/categories").json()["items"]
    skus, quotes, orders, references = [], [], [], []
    for summary in offers:
        offer = client.offer(summary["id"]).json()
        sku = offer["skus"][0]["id"]
        quantity = offer["minimum_order"] * (offer["order_multiple"] or 1)
        answer = client.quote([{"sku_id": sku, "quantity": quantity}]).json()
        skus.append(sku)
        quotes += [quote["id"] for quote in answer["quotes"]]
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
        "sku_id": skus,
        "quote_id": quotes,
        "order_id": orders,
        "order_ids": orders,
        "reference": references,
        "payment_id": [payment["id"]],
    }
