"""What a shop has in stock: the ids of things that exist, bought and looked up as a partner would."""

import time
import uuid

QUOTES = 12
ORDERS = 6


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
    lines, quotes, orders, references, sellers = [], [], [], [], []
    for summary in offers:
        line = plenty(client.offer(summary["id"]).json())
        if line and len(quotes) < QUOTES:
            lines.append(line)
            sellers.append({"supplier_id": summary["supplier"]["id"], "sku_id": line["sku_id"]})
            quotes += [quote["id"] for quote in client.quote([line]).json()["quotes"]]
    for quote in quotes[:ORDERS]:
        references.append("PO-" + uuid.uuid4().hex[:12])
        orders.append(client.order(references[-1], quote, str(uuid.uuid4())).json()["id"])
    payment = client.call(
        "POST", "/v1/payments", body={"order_ids": orders[:1], "method": "page"}, idempotency_key=str(uuid.uuid4())
    ).json()
    suppliers = [offer["supplier"]["id"] for offer in offers]
    after = afterwards(client, orders[1:3], references[2]) | asked(client, sellers, lines)
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
        # Orders and consignments have references of their own, which may be the same.
        "reference": references[2:3],
        "payment_id": [payment["id"]],
        **after,
        **sent_to(client),
    }


def sent_to(client):
    """Where visitors are sent: on a host that the demo registered for its partner."""
    template = "https://tokyo-bazaar.example/offers/{offer_id}?ref={click_id}"
    client.call("PUT", "/v1/storefront", body={"template": template})
    return {"template": [template], "countries": [["JP"], []], "languages": [["ja"], []]}


def once(client, path, body):
    """What came of a request that is sent once."""
    return client.call("POST", path, body=body, idempotency_key=str(uuid.uuid4())).json()


def afterwards(client, orders, reference):
    """What there is once orders are paid: a refund of one, a consignment of the other and its parcels; and an endpoint."""
    once(client, "/v1/payments", {"order_ids": orders, "method": "debit"})
    back, sent = (client.call("GET", f"/v1/orders/{order}").json() for order in orders)
    reasons = client.call("GET", f"/v1/orders/{back['id']}/refund-reasons", {"type": "money"}).json()
    lines = [{"sku_id": line["sku_id"], "quantity": 1} for line in back["lines"][:1]]
    wish = {"order_id": back["id"], "type": "money", "reason": next(reason["code"] for reason in reasons["items"] if not reason["voucher_required"]), "lines": lines}
    wish |= {"amount": {"amount": "0.01", "currency": "CNY"}, "description": "one piece too many"}
    refund = once(client, "/v1/refunds", {"reference": "RF-" + uuid.uuid4().hex[:12], **wish})
    wish = {"reference": reference, "order_ids": [sent["id"]], "operated_by": "partner"}
    consignment = once(client, "/v1/consignments", wish)
    endpoint = once(client, "/v1/webhook-endpoints", {"url": "http://127.0.0.1:9/", "types": ["order.*"]})
    piece = {"order_id": sent["id"], "sku_id": sent["lines"][0]["sku_id"]}
    return {
        "received": [{**piece, "quantity": 1}],
        "inspected": [{**piece, "result": "pass", "passed": 1}],
        "url": ["http://127.0.0.1:9/"],
        "types": [["order.*"]],
        "refund_id": [refund["id"]],
        "consignment_id": [consignment["id"]],
        "shipment_id": parcels(client, sent["id"]),
        "endpoint_id": [endpoint["id"]],
    }


def asked(client, sellers, lines):
    """An inquiry that some supplier of goods we could buy quoted for, and a comparison of what is sold today."""
    titles = [{"title": title, "quantity": 1} for title in ("plastic flower pot", "cotton socks")]
    match = client.call("POST", "/v1/source-matches", body={"items": titles}).json()
    for seller, line in zip(sellers, lines):
        wish = {"suppliers": [seller], "specification": "as it is offered", "quantity": line["quantity"]}
        inquiry = once(client, "/v1/inquiries", {"reference": "IQ-" + uuid.uuid4().hex[:12], **wish})
        quotation = quoted(client, inquiry["id"])
        if quotation:
            return {"source_match_id": [match["id"]], "inquiry_id": [inquiry["id"]], "quotation_id": [quotation]}
    raise SystemExit("no supplier quoted")


def quoted(client, inquiry):
    """The id of the quotation; None when the supplier declined. The demo's suppliers answer within seconds."""
    for _ in range(60):
        supplier = client.call("GET", f"/v1/inquiries/{inquiry}").json()["suppliers"][0]
        if supplier["quotation"]:
            return supplier["quotation"]["id"]
        if supplier["state"] == "declined":
            return None
        time.sleep(0.5)
    return None


def parcels(client, order):
    """The ids of an order's parcels, once there are some; the demo's suppliers send within seconds."""
    for _ in range(120):
        found = client.call("GET", f"/v1/orders/{order}/shipments").json()["items"]
        if found:
            return [parcel["id"] for parcel in found]
        time.sleep(0.5)
    raise SystemExit(f"nothing was sent of order {order}")
