"""The official Python client, as it comes from PyPI, against a running gateway.

XUNYUAN_AOP_SERVER (host:port), XUNYUAN_AOP_KEY, XUNYUAN_AOP_SECRET, XUNYUAN_AOP_TOKEN say where and who;
XUNYUAN_AOP_CODE is a code to redeem.
"""

import os
import time

import aop
from aop.api.biz.AlibabaCategoryAttributeGetParam import AlibabaCategoryAttributeGetParam
from aop.api.biz.CategoryTranslationGetByIdParam import CategoryTranslationGetByIdParam
from aop.api.biz.PoolProductPullParam import PoolProductPullParam
from aop.api.biz.PoolProductTotalParam import PoolProductTotalParam
from aop.api.biz.ProductAnalyzeGetPerdaySellQuantityTrendParam import ProductAnalyzeGetPerdaySellQuantityTrendParam
from aop.api.biz.ProductAnalyzeGetRepurchaseRateTrendParam import ProductAnalyzeGetRepurchaseRateTrendParam
from aop.api.biz.ProductAnalyzeGetThirtyDayMedianPriceTrendParam import ProductAnalyzeGetThirtyDayMedianPriceTrendParam
from aop.api.biz.ProductCategoryGetAttrByIdParam import ProductCategoryGetAttrByIdParam
from aop.api.biz.ProductDistributeGetDistributeInfoParam import ProductDistributeGetDistributeInfoParam
from aop.api.biz.ProductKjdistributeAddRelationParam import ProductKjdistributeAddRelationParam
from aop.api.biz.ProductSearchKeywordQueryParam import ProductSearchKeywordQueryParam
from aop.api.biz.ProductSearchQueryProductDetailParam import ProductSearchQueryProductDetailParam
from aop.api.biz.PushQueryMessageListParam import PushQueryMessageListParam
from aop.api.common.AuthGetTokenRequest import AuthGetTokenRequest
from aop.api.common.AuthPostponeTokenRequest import AuthPostponeTokenRequest

import tls
from asking import Asker
from behind import Ledger
from wnaop_trade import Trade

SERVER = os.environ["XUNYUAN_AOP_SERVER"]
KEY, SECRET = os.environ["XUNYUAN_AOP_KEY"], os.environ["XUNYUAN_AOP_SECRET"]
DAY_S = 86_400
asker = Asker(KEY, SECRET, os.environ["XUNYUAN_AOP_TOKEN"])
call = asker.call


def the_time():
    off_ms = aop.get_timestamp_diff(KEY, SECRET, SERVER)
    assert abs(off_ms) < 60_000, off_ms
    asker.done.append("1/system/currentTimeMillis")


def search_and_detail():
    found = call(ProductSearchKeywordQueryParam(), offerQueryParam={
        "keyword": "杯子", "beginPage": 1, "pageSize": 10, "country": "en", "sort": '{"price":"asc"}'})["result"]
    assert found["success"] is True and found["code"] == "200", found
    goods = found["result"]["data"]
    assert goods and found["result"]["totalRecords"] >= len(goods)
    prices = [float(one["priceInfo"]["price"]) for one in goods]
    assert prices == sorted(prices), prices
    for one in goods[:3]:
        told = call(ProductSearchQueryProductDetailParam(), offerDetailParam={
            "offerId": one["offerId"], "country": "en"})["result"]
        detail = told["result"]
        assert told["success"] is True and detail["offerId"] == one["offerId"]
        assert detail["subject"] == one["subject"] and detail["subjectTrans"] == one["subjectTrans"]
        assert detail["minOrderQuantity"] == one["minOrderQuantity"]
        lowest = min(float(tier["price"]) for tier in detail["productSaleInfo"]["priceRangeList"])
        assert lowest >= prices[0]
    nothing = call(ProductSearchQueryProductDetailParam(), offerDetailParam={"offerId": 999999999999, "country": "en"})
    assert nothing["result"]["success"] is False and "result" not in nothing["result"], nothing
    return goods[0]["offerId"], detail["categoryId"]


def some_goods():
    """Offers in full, with their pictures as the search told them."""
    found = call(ProductSearchKeywordQueryParam(), offerQueryParam={
        "keyword": "花盆", "beginPage": 1, "pageSize": 20, "country": "en"})["result"]["result"]["data"]
    in_full = lambda one: call(ProductSearchQueryProductDetailParam(), offerDetailParam={
        "offerId": one["offerId"], "country": "en"})["result"]["result"]
    return [dict(in_full(one), imageUrl=one["imageUrl"]) for one in found]


def categories(leaf):
    root = call(CategoryTranslationGetByIdParam(), outMemberId="1", language="ja", categoryId="0", parentCateId="0")
    assert root["success"] is True and root["result"]["children"], root
    first = root["result"]["children"][0]
    below = call(CategoryTranslationGetByIdParam(), outMemberId="1", language="ja",
                 categoryId=str(first["categoryId"]), parentCateId=str(first["parentCateId"]))["result"]
    assert below["translatedName"] == first["translatedName"]
    assert all(child["parentCateId"] == first["categoryId"] for child in below["children"])
    attributes = call(AlibabaCategoryAttributeGetParam(), categoryID=str(leaf), webSite="1688", scene="processing")
    assert attributes["success"] is True and attributes["attributes"], attributes
    mapped = call(ProductCategoryGetAttrByIdParam(), categoryId=str(leaf))
    assert mapped["success"] is True and mapped["data"]["categoryId"] == str(leaf)
    known = {str(one["attrID"]) for one in attributes["attributes"]}
    assert {one["attributeId"] for one in mapped["data"]["attributes"]} == known


def pools():
    pull = PoolProductPullParam()
    told = call(pull, offerPoolQueryParam={"offerPoolId": 101, "taskId": "1", "pageNo": 1, "pageSize": 50})["result"]
    assert told["success"] == "true" and told["result"], told
    total = call(PoolProductTotalParam(), appKey=KEY, palletId="101", categoryId="0")["result"]
    assert total["success"] == "true" and total["model"] == told["result"][0]["offerPoolTotal"], total


def trends(offer):
    day = lambda ago: time.strftime("%Y%m%d", time.gmtime(time.time() + 8 * 3600 - ago * DAY_S))
    asked = {"offerId": offer, "startDate": day(20), "endDate": day(1)}
    for request, parameter in (
        (ProductAnalyzeGetPerdaySellQuantityTrendParam(), "param"),
        (ProductAnalyzeGetThirtyDayMedianPriceTrendParam(), "trendQueryParam"),
        (ProductAnalyzeGetRepurchaseRateTrendParam(), "trendQueryParam"),
    ):
        told = asker.signed(request, **{parameter: asked})["result"]
        assert told["success"] is True and told["retCode"] == "S000", told
        assert len(told["result"]) >= 19, told
        assert all(point["date"] >= asked["startDate"] for point in told["result"])


def selling_points(offer):
    told = call(ProductDistributeGetDistributeInfoParam(), offerId=str(offer))["result"]
    assert told["success"] is True and all(told["data"]["shortTitle"][tongue] for tongue in ("zh", "en", "ru")), told


def messages():
    """What happened to the orders is told; events are published a moment after they happen."""
    for _ in range(200):
        page = call(PushQueryMessageListParam(), page="1", pageSize="100")["pushMessagePage"]
        made = [one for one in page["datas"] if one["topicName"] == "BUYER_VIEW_BUYER_MAKE"]
        if made:
            break
        time.sleep(0.05)
    assert page["totalCount"] >= len(page["datas"]) > 0 and made, page
    assert all(one["appKey"] == KEY and one["data"]["orderId"] for one in made), made


def relations(offer):
    for _ in range(2):
        told = call(ProductKjdistributeAddRelationParam(), offerId=str(offer))["result"]
        assert told["success"] is True and told["traceId"], told
    followed = Ledger().read("/v1/follows")["items"]
    assert [one["offer_id"] for one in followed].count(str(offer)) == 1, followed
    nothing = call(ProductKjdistributeAddRelationParam(), offerId="999999999999")["result"]
    assert nothing["success"] is False and nothing["msg"], nothing


def tokens():
    server = tls.serve(SERVER)
    code = os.environ["XUNYUAN_AOP_CODE"]
    own = {"client_id": KEY, "client_secret": SECRET}
    first = AuthGetTokenRequest(server).get_response(
        grant_type="authorization_code", need_refresh_token="true", redirect_uri="default", code=code, **own)
    assert first["expires_in"] == "36000" and first["refresh_token"], first
    more = AuthGetTokenRequest(server).get_response(
        grant_type="refresh_token", refresh_token=first["refresh_token"], **own)
    assert more["access_token"] != first["access_token"]
    postponed = AuthPostponeTokenRequest(server).get_response(
        refresh_token=first["refresh_token"], access_token=more["access_token"], **own)
    assert postponed["refresh_token"] != first["refresh_token"]
    asker.done.extend(["1/system.oauth2/getToken", "1/system.oauth2/postponeToken"])
    asker.token = postponed["access_token"]
    search_and_detail()


def refusals():
    asked = {"offerDetailParam": {"offerId": 1, "country": "en"}}
    stranger = ProductSearchQueryProductDetailParam()
    stranger.set_appinfo(KEY, "wrong")
    assert asker.refused(stranger, **asked) == "gw.SignatureInvalid"
    kept, asker.token = asker.token, "invented"
    assert asker.refused(ProductSearchQueryProductDetailParam(), **asked) == "401"
    asker.token = kept
    assert asker.refused(ProductSearchQueryProductDetailParam(), offerDetailParam="{") == "gw.ParamInvalid"


def main():
    aop.set_default_server(SERVER)
    aop.set_default_appinfo(KEY, SECRET)
    the_time()
    offer, leaf = search_and_detail()
    categories(leaf)
    pools()
    trends(offer)
    selling_points(offer)
    relations(offer)
    refusals()
    tokens()
    Trade(asker, some_goods()).walk()
    messages()
    unknown = list(asker.left_out())
    told = (len(asker.done), len(set(asker.done)), ", ".join(sorted(set(asker.done))))
    print("wnaop: %d calls of %d kinds, all of them right: %s" % told)
    print("wnaop: the gateway does not know %s" % (", ".join(unknown) or "none of the others"))


if __name__ == "__main__":
    main()
