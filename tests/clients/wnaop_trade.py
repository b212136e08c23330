"""The official Python client buys, pays, receives and asks back; each effect is looked for in the ledger."""

import base64
import struct
import time
import urllib.request
import zlib

from aop.api.base import FileItem
from aop.api.biz.AlibabaAccountAgentCrossBasicParam import AlibabaAccountAgentCrossBasicParam
from aop.api.biz.AlibabaAccountBasicParam import AlibabaAccountBasicParam
from aop.api.biz.AlibabaAccountPeriodListBuyerViewParam import AlibabaAccountPeriodListBuyerViewParam
from aop.api.biz.AlibabaAlipayUrlGetParam import AlibabaAlipayUrlGetParam
from aop.api.biz.AlibabaCreateOrderPreviewParam import AlibabaCreateOrderPreviewParam
from aop.api.biz.AlibabaCreditPayUrlGetParam import AlibabaCreditPayUrlGetParam
from aop.api.biz.AlibabaCrossBorderPayUrlGetParam import AlibabaCrossBorderPayUrlGetParam
from aop.api.biz.AlibabaLogisticsMyFreightTemplateListGetParam import AlibabaLogisticsMyFreightTemplateListGetParam
from aop.api.biz.AlibabaLogisticsOpQueryLogisticCompanyListParam import AlibabaLogisticsOpQueryLogisticCompanyListParam
from aop.api.biz.AlibabaOrderMemoAddParam import AlibabaOrderMemoAddParam
from aop.api.biz.AlibabaSubAccountListParam import AlibabaSubAccountListParam
from aop.api.biz.AlibabaTradeAddFeedbackParam import AlibabaTradeAddFeedbackParam
from aop.api.biz.AlibabaTradeAddresscodeParseParam import AlibabaTradeAddresscodeParseParam
from aop.api.biz.AlibabaTradeCancelParam import AlibabaTradeCancelParam
from aop.api.biz.AlibabaTradeCreateCrossOrderParam import AlibabaTradeCreateCrossOrderParam
from aop.api.biz.AlibabaTradeCreateRefundParam import AlibabaTradeCreateRefundParam
from aop.api.biz.AlibabaTradeGetBuyerOrderListParam import AlibabaTradeGetBuyerOrderListParam
from aop.api.biz.AlibabaTradeGetBuyerViewParam import AlibabaTradeGetBuyerViewParam
from aop.api.biz.AlibabaTradeGetLogisticsInfosBuyerViewParam import AlibabaTradeGetLogisticsInfosBuyerViewParam
from aop.api.biz.AlibabaTradeGetLogisticsTraceInfoBuyerViewParam import AlibabaTradeGetLogisticsTraceInfoBuyerViewParam
from aop.api.biz.AlibabaTradeGetRefundReasonListParam import AlibabaTradeGetRefundReasonListParam
from aop.api.biz.AlibabaTradePayProtocolPayIsopenParam import AlibabaTradePayProtocolPayIsopenParam
from aop.api.biz.AlibabaTradePayProtocolPayPreparePayParam import AlibabaTradePayProtocolPayPreparePayParam
from aop.api.biz.AlibabaTradePayWayQueryParam import AlibabaTradePayWayQueryParam
from aop.api.biz.AlibabaTradeReceiveAddressGetParam import AlibabaTradeReceiveAddressGetParam
from aop.api.biz.AlibabaTradeRefundBuyerQueryOrderRefundListParam import (
    AlibabaTradeRefundBuyerQueryOrderRefundListParam)
from aop.api.biz.AlibabaTradeRefundOpQueryBatchRefundByOrderIdAndStatusParam import (
    AlibabaTradeRefundOpQueryBatchRefundByOrderIdAndStatusParam)
from aop.api.biz.AlibabaTradeRefundOpQueryOrderRefundOperationListParam import (
    AlibabaTradeRefundOpQueryOrderRefundOperationListParam)
from aop.api.biz.AlibabaTradeRefundReturnGoodsParam import AlibabaTradeRefundReturnGoodsParam
from aop.api.biz.AlibabaTradeUploadRefundVoucherParam import AlibabaTradeUploadRefundVoucherParam
from aop.api.biz.BigcustomerMailNoQueryParam import BigcustomerMailNoQueryParam
from aop.api.biz.ConsignmentCoInventoryParam import ConsignmentCoInventoryParam
from aop.api.biz.ConsignmentCoStatusSyncParam import ConsignmentCoStatusSyncParam
from aop.api.biz.ConsignmentTallyCreateParam import ConsignmentTallyCreateParam
from aop.api.biz.LabelUrlReceiveParam import LabelUrlReceiveParam
from aop.api.biz.LogisticsOrderGetOutOrderIdParam import LogisticsOrderGetOutOrderIdParam
from aop.api.biz.ProductFreightEstimateParam import ProductFreightEstimateParam
from aop.api.biz.ProductImageUploadParam import ProductImageUploadParam
from aop.api.biz.ProductSearchImageQueryParam import ProductSearchImageQueryParam
from aop.api.biz.QuerySubAccountParam import QuerySubAccountParam
from aop.api.biz.TradeArbitrationApplyParam import TradeArbitrationApplyParam
from aop.api.biz.TradeOrderpayAnalysisParam import TradeOrderpayAnalysisParam
from aop.api.biz.TradeReceivegoodsConfirmParam import TradeReceivegoodsConfirmParam

from behind import Ledger, tell_catalogue, until

UNSENT, RECEIVED = "refundWaitSellerSend", "refundBuyerReceived"


def fen(amount):
    """Fen of an amount as the newer face tells it."""
    return int((amount.get("cny") or amount["amount"]).replace(".", ""))


class Trade:
    """What is bought, and the references it is bought under."""

    def __init__(self, asker, goods):
        self.ask, self.patiently, self.ledger, self.goods = asker.call, asker.patiently, Ledger(), goods
        self.mark = "WN-%d" % time.time()
        self.count = 0

    def walk(self):
        self.accounts()
        self.places()
        self.pictures()
        self.quoted()
        paid = self.ordered_and_paid()
        self.taken_back()
        self.asked_back()
        self.sent(paid)
        self.sent_back()
        self.at_the_warehouse()
        self.received(paid)

    def accounts(self):
        own = self.ask(AlibabaAccountBasicParam())
        assert own["success"] is True and own["result"]["loginId"] == "tokyo-bazaar", own
        known = self.ask(AlibabaSubAccountListParam())
        assert known["mainMemberId"] == own["result"]["memberId"], known
        found = self.ask(QuerySubAccountParam(), loginId="tokyo-bazaar")["result"]
        assert found["isSuccess"] is True and found["data"]["userId"] == own["result"]["userId"], found

    def places(self):
        """Where goods can be sent, and that an address there has its code."""
        saved = self.ask(AlibabaTradeReceiveAddressGetParam())
        assert saved["success"] is True, saved
        sites = {site["region_code"]: site for site in self.ledger.read("/v1/warehouses")["items"]}
        items = saved["result"]["receiveAddressItems"]
        assert {item["addressCode"] for item in items} == set(sites)
        self.address = items[0]
        text = items[0]["addressCodeText"] + items[0]["address"]
        parsed = self.ask(AlibabaTradeAddresscodeParseParam(), addressInfo=text)["result"]
        assert parsed["addressCode"] == items[0]["addressCode"] and parsed["addressId"] == items[0]["id"], parsed

    def pictures(self):
        """The picture of an offer finds the offer."""
        offer = self.goods[0]
        with urllib.request.urlopen(offer["imageUrl"]) as answer:
            picture = base64.b64encode(answer.read()).decode()
        image = self.ask(ProductImageUploadParam(), uploadImageParam={"imageBase64": picture})["result"]
        assert image["success"] == "true" and image["result"] != "0", image
        asked = {"imageId": image["result"], "beginPage": 1, "pageSize": 20, "country": "en"}
        like = self.patiently(ProductSearchImageQueryParam(), offerQueryParam=asked)["result"]
        assert like["success"] == "true", like
        assert offer["offerId"] in [one["offerId"] for one in like["result"]["data"][:3]], like

    def quoted(self):
        """Goods that can be had, what they cost, and what the road to the warehouse costs."""
        for detail in self.goods:
            sku = next((sku for sku in detail["productSkuInfos"] if sku["amountOnSale"] >= 500), None)
            if not sku:
                continue
            step = detail.get("batchNumber") or 1
            self.pieces = -(-max(detail["minOrderQuantity"], 2) // step) * step
            self.cargo = [{"offerId": detail["offerId"], "specId": sku["specId"], "quantity": self.pieces}]
            preview = self.ask(AlibabaCreateOrderPreviewParam(), flow="general", cargoParamList=self.cargo,
                               addressParam={"addressId": self.address["id"]})
            if preview["success"]:
                break
        assert preview["success"] is True, preview
        self.sku, told = sku, preview["orderPreviewResuslt"][0]
        self.total = told["sumPayment"]
        assert told["sumPayment"] == told["sumCarriage"] + told["sumPaymentNoCarriage"], told
        code = self.address["addressCode"]
        road = self.ask(ProductFreightEstimateParam(), productFreightQueryParamsNew={
            "offerId": detail["offerId"], "toProvinceCode": code[:2] + "0000", "toCityCode": code[:4] + "00",
            "toCountryCode": code, "totalNum": self.pieces,
            "logisticsSkuNumModels": [{"skuId": str(sku["skuId"]), "number": self.pieces}]})["result"]
        assert road["success"] is True and road["code"] == "S0000", road
        assert round(float(road["result"]["freight"]) * 100) == told["sumCarriage"], (road, told)
        template = self.ask(AlibabaLogisticsMyFreightTemplateListGetParam(), queryRate="true",
                            templateId=str(road["result"]["templateId"]))["result"][0]
        assert template["id"] == road["result"]["templateId"], template

    def order(self):
        """Orders under a reference of its own; gives reference and number."""
        self.count += 1
        reference = "%s-%d" % (self.mark, self.count)
        asked = {"flow": "general", "addressParam": {"addressId": self.address["id"]}, "cargoParamList": self.cargo,
                 "outOrderId": reference, "message": "请用纸箱"}
        told = self.ask(AlibabaTradeCreateCrossOrderParam(), **asked)
        assert told["success"] is True and told["result"]["totalSuccessAmount"] == self.total, told
        again = self.ask(AlibabaTradeCreateCrossOrderParam(), **asked)
        other = dict(asked, cargoParamList=[dict(self.cargo[0], quantity=self.pieces * 2)])
        other = self.ask(AlibabaTradeCreateCrossOrderParam(), **other)
        assert again == told and other == told, "ordered twice: %s %s" % (again, other)
        number = told["result"]["orderId"]
        kept = self.ledger.order_of(reference)
        assert kept["catalogue_order_id"] == number and fen(kept["total"]) == self.total, kept
        assert kept["lines"][0]["quantity"] == self.pieces and kept["note"] == "请用纸箱", kept
        return reference, number

    def pay(self, reference, number):
        wish = {"orderId": int(number), "payChannel": "alipay", "payAmount": self.total, "opRequestId": reference}
        told = self.ask(AlibabaTradePayProtocolPayPreparePayParam(), tradeWithholdPreparePayParam=wish)["result"]
        assert told["success"] is True, told
        until(lambda: self.ledger.order_of(reference), lambda order: order["payment"]["state"] == "paid")

    def view(self, number):
        told = self.ask(AlibabaTradeGetBuyerViewParam(), webSite="1688", orderId=number)
        assert told["success"] == "true", told
        return told["result"]

    def view_in(self, number, status):
        return until(lambda: self.view(number), lambda view: view["baseInfo"]["status"] == status)

    def reference_of(self, number):
        return self.view(number)["baseInfo"]["outOrderId"]

    def entries(self, number):
        return [item["subItemID"] for item in self.view(number)["productItems"]]

    def ordered_and_paid(self):
        reference, number = self.order()
        view = self.view(number)
        assert view["baseInfo"]["outOrderId"] == reference and view["baseInfo"]["status"] == "waitbuyerpay", view
        assert round(view["baseInfo"]["totalAmount"] * 100) == self.total, view
        listed = self.ask(AlibabaTradeGetBuyerOrderListParam(), outOrderId=reference, page="1", pageSize="10")
        assert listed["totalRecord"] == 1 and listed["result"][0]["baseInfo"]["idOfStr"] == number, listed
        seller = self.ask(AlibabaAccountAgentCrossBasicParam(), loginId=view["baseInfo"]["sellerLoginId"])
        assert seller["result"]["companyName"] == view["baseInfo"]["sellerContact"]["companyName"], seller
        self.spoken(reference, number)
        ways = self.ask(AlibabaTradePayWayQueryParam(), orderId=number)
        assert ways["success"] == "true" and ways["resultList"]["payFee"] == self.total, ways
        cost = self.ask(TradeOrderpayAnalysisParam(), orderIds=[int(number)], payChannel="alipay")["result"]
        assert cost["result"]["totalPayFee"] == self.total and cost["result"]["payChannel"]["avaliable"] is True, cost
        numbers = "[%s]" % number
        page = self.ask(AlibabaAlipayUrlGetParam(), orderIdList=numbers)
        assert page["success"] is True and page["payUrl"].startswith("http"), page
        crossing = self.ask(AlibabaCrossBorderPayUrlGetParam(), orderIdList=numbers)
        assert crossing["success"] == "true" and crossing["payUrl"] == page["payUrl"], crossing
        credit = self.ask(AlibabaCreditPayUrlGetParam(), orderIdList=numbers)
        assert credit["success"] == "false" and credit["errorCode"] == "400_4", credit
        periods = self.ask(AlibabaAccountPeriodListBuyerViewParam(), pageIndex="1")
        assert periods["success"] is True and periods["resultList"]["totalCount"] == "0", periods
        agreed = self.ask(AlibabaTradePayProtocolPayIsopenParam())["result"]["result"]["paymentAgreements"]
        assert {one["payChannel"]: one["signedStatus"] for one in agreed}["ALIPAY"] == "true", agreed
        self.pay(reference, number)
        self.pay(reference, number)
        assert self.view_in(number, "waitsellersend")["tradeTerms"][0]["payStatus"] == "2"
        return reference, number

    def spoken(self, reference, number):
        """Words to the supplier: each follows those before, the memo takes their place."""
        assert self.ask(AlibabaOrderMemoAddParam(), orderId=number, memo="加固", remarkIcon="2")["success"] is True
        said = self.ask(AlibabaTradeAddFeedbackParam(), tradeFeedbackParam={"orderId": number, "feedback": "快点"})
        assert said["success"] is True, said
        label = "https://wms.example/%s.pdf" % reference
        label = self.ask(LabelUrlReceiveParam(), orderId=number, outOrderId=reference, printUrls=label)["result"]
        assert label["success"] is True and label["data"] is True, label
        note = self.ledger.order_of(reference)["note"]
        assert note == "加固；快点；请打印标签 https://wms.example/%s.pdf" % reference, note

    def taken_back(self):
        reference, number = self.order()
        told = self.ask(AlibabaTradeCancelParam(), webSite="1688", tradeID=number, cancelReason="buyerCancel")
        assert told["success"] is True, told
        assert self.ledger.order_of(reference)["state"] == "cancelled"

    def reasons(self, number, goods):
        told = self.ask(AlibabaTradeGetRefundReasonListParam(), orderId=number, orderEntryIds=self.entries(number),
                        goodsStatus=goods)["result"]
        assert told["success"] is True and told["result"]["reasons"], told
        return told["result"]["reasons"]

    def refund(self, number, amount, reason, **more):
        asked = {"orderId": number, "orderEntryIds": self.entries(number), "disputeRequest": "refund",
                 "applyPayment": str(amount), "applyCarriage": "0", "applyReasonId": str(reason),
                 "description": "不想要了", "goodsStatus": UNSENT, **more}
        return self.ask(AlibabaTradeCreateRefundParam(), **asked)["result"]

    def kept_refund(self, number, amount):
        order = self.ledger.order_of(self.reference_of(number))["id"]
        kept = [one for one in self.ledger.read("/v1/refunds")["items"]
                if one["order_id"] == order and fen(one["amount"]) == amount]
        assert len(kept) == 1, kept
        return kept[0]

    def asked_back(self):
        """Money back for goods that were not sent."""
        reference, number = self.order()
        self.pay(reference, number)
        reasons = [one for one in self.reasons(number, UNSENT) if not one["needVoucher"]]
        told = self.refund(number, 2, reasons[0]["id"])
        assert told["success"] is True, told
        name = told["result"]["refundId"]
        assert self.refund(number, 2, reasons[0]["id"])["result"]["refundId"] == name, "asked for twice"
        assert self.kept_refund(number, 2)["state"] == "requested"

        def of_order(kind):
            asked = AlibabaTradeRefundOpQueryBatchRefundByOrderIdAndStatusParam()
            models = self.ask(asked, orderId=number, queryType=kind)["result"]["opOrderRefundModels"]
            return [one["refundId"] for one in models]

        assert of_order("1") == [name] and of_order("3") == []
        tell_catalogue("/control/refunds/" + name[2:], {"do": "agree"})
        until(lambda: of_order("3"), lambda found: found == [name])
        assert self.kept_refund(number, 2)["state"] == "succeeded"
        listed = self.ask(AlibabaTradeRefundBuyerQueryOrderRefundListParam(), orderId=number)["result"]
        assert listed["totalCount"] == 1 and listed["opOrderRefundModels"][0]["refundPayment"] == 2, listed
        story = self.ask(AlibabaTradeRefundOpQueryOrderRefundOperationListParam(), refundId=name, pageNo="1",
                         pageSize="20")["result"]["opOrderRefundOperationModels"]
        assert story[0]["afterOperateStatus"] == "refundsuccess", story

    def sent(self, paid):
        """The parcels of an order, told alike by every call."""
        reference, number = paid
        tell_catalogue("/control/advance", {"orderNo": int(number), "to": "warehousesigned"})
        self.view_in(number, "waitbuyerreceive")
        order = self.ledger.order_of(reference)
        parcel = self.ledger.read("/v1/orders/%s/shipments" % order["id"])["items"][0]
        infos = self.ask(AlibabaTradeGetLogisticsInfosBuyerViewParam(), orderId=number, webSite="1688")
        assert infos["success"] is True and infos["result"][0]["logisticsBillNo"] == parcel["tracking_number"], infos
        way = self.ask(AlibabaTradeGetLogisticsTraceInfoBuyerViewParam(), orderId=number, webSite="1688")
        assert len(way["logisticsTrace"][0]["logisticsSteps"]) == len(parcel["tracking"]), way
        mail = self.ask(BigcustomerMailNoQueryParam(), outOrderId=reference)["result"]
        assert mail["model"][number] == [parcel["tracking_number"]], mail
        carriers = self.ask(AlibabaLogisticsOpQueryLogisticCompanyListParam())["result"]
        assert infos["result"][0]["logisticsCompanyNo"] in [one["companyNo"] for one in carriers], carriers
        owner = self.ask(LogisticsOrderGetOutOrderIdParam(), shipmentId=parcel["tracking_number"])["result"]
        assert owner["model"] == {"outOrderId": reference, "orderId": number}, owner

    def delivered(self):
        """An order whose goods are at the warehouse."""
        reference, number = self.order()
        self.pay(reference, number)
        tell_catalogue("/control/advance", {"orderNo": int(number), "to": "warehousesigned"})
        self.view_in(number, "waitbuyerreceive")
        until(lambda: self.ledger.order_of(reference), lambda order: order["state"] == "at_warehouse")
        return reference, number

    def sent_back(self):
        """Goods that go back with pictures, and the marketplace decides."""
        _, number = self.delivered()
        proof = self.ask(AlibabaTradeUploadRefundVoucherParam(), imageData=FileItem("proof.png", png()))["result"]
        assert proof["success"] is True, proof
        address = "%(imageDomain)s/%(imageRelativeUrl)s" % proof["result"]
        for reason in self.reasons(number, RECEIVED):
            told = self.refund(number, 3, reason["id"], disputeRequest="returnRefund", goodsStatus=RECEIVED,
                               vouchers=[address])
            if told["success"]:
                break
        assert told["success"] is True, told
        name = told["result"]["refundId"]
        tell_catalogue("/control/refunds/" + name[2:], {"do": "agree"})
        until(lambda: self.kept_refund(number, 3), lambda kept: kept["state"] == "return_awaited")
        back = self.ask(AlibabaTradeRefundReturnGoodsParam(), refundId=name, logisticsCompanyNo="ZTO",
                        freightBill="ZTO75312345678")["result"]
        assert back["success"] is True, back
        case = {"type": "RefundComplaint", "refundId": name, "orderId": int(number), "reasonText": "照片清楚显示破损",
                "reasonId": 12, "picUrlEvidence": address}
        case = self.ask(TradeArbitrationApplyParam(), param=case)["result"]
        assert case["success"] is True and "TQ%s" % case["result"] == name, case
        assert self.kept_refund(number, 3)["state"] == "arbitrating"
        tell_catalogue("/control/refunds/" + name[2:], {"do": "decide", "decision": "BUYER"})
        until(lambda: self.kept_refund(number, 3), lambda kept: kept["state"] == "succeeded")

    def gathered(self):
        """A consignment of one order, which the partner's own staff receives."""
        reference, _ = self.delivered()
        body = {"reference": "CO-" + reference, "order_ids": [self.ledger.order_of(reference)["id"]],
                "operated_by": "partner"}
        return self.ledger.call("POST", "/v1/consignments", body=body, idempotency_key="co-" + reference).json()

    def at_the_warehouse(self):
        """What the partner's own warehouse says stands in the ledger."""
        kept = lambda one: self.ledger.read("/v1/consignments/" + one["id"])
        whole, short = self.gathered(), self.gathered()
        sync = lambda status: self.ask(
            ConsignmentCoStatusSyncParam(), bizInboundOrderId=whole["reference"], status=status,
            processTime=str(int(time.time() * 1000)), num=str(self.pieces))["result"]
        assert sync("signed")["success"] is True and kept(whole)["state"] == "received"
        assert sync("onShelves")["success"] is True and kept(whole)["state"] == "inspected"
        take = lambda count, name: self.ask(
            ConsignmentCoInventoryParam(), bizSkuId=str(self.sku["skuId"]), sourceItemId=whole["reference"],
            outboundQuantity=str(count), bizId=name + whole["reference"])["result"]["success"]
        assert take(self.pieces, "a") is True and take(self.pieces, "a") is True and take(1, "b") is False
        told = self.ask(
            ConsignmentTallyCreateParam(), bizInboundOrderId=short["reference"], status="tallysheet",
            processTime=str(int(time.time() * 1000)), tallySheetId="TS-1", tallySheetReason="少件",
            inboundCount=str(self.pieces - 1), varianceCount="1")["result"]
        assert told["success"] == "true", told
        line = kept(short)["orders"][0]["lines"][0]
        assert line["received"] == self.pieces - 1 and line["result"] == "short", line

    def received(self, paid):
        reference, number = paid
        told = self.ask(TradeReceivegoodsConfirmParam(), orderId=number, orderEntryIds=self.entries(number))["result"]
        assert told["success"] is True, told
        assert self.ledger.order_of(reference)["state"] == "completed"
        assert self.view(number)["baseInfo"]["status"] == "success"


def png():
    """A small grey picture."""
    part = lambda kind, data: (struct.pack(">I", len(data)) + kind + data
                               + struct.pack(">I", zlib.crc32(kind + data) & 0xFFFFFFFF))
    rows = b"".join(b"\0" + b"\x7f" * 40 for _ in range(30))
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 40, 30, 8, 0, 0, 0, 0))
            + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))
