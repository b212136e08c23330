// The npm client, as its package comes, against a running gateway. It knows the platform's host only, so that the gateway
// stands before it as its HTTP proxy: whole addresses stand in its request lines, and everything in the query.
//
// XUNYUAN_AOP_KEY, XUNYUAN_AOP_SECRET, XUNYUAN_AOP_TOKEN say who; http_proxy and https_proxy where.

import assert from 'node:assert/strict';
import { BaseAPI, DropshippingSolution, RetailSourcingSolution, sign } from '1688-api';

const HOST = 'http://gw.open.1688.com/openapi/param2/1';
const [XB, TRADE] = ['com.alibaba.fenxiao.crossborder', 'com.alibaba.trade'];
const who = [Number(process.env.XUNYUAN_AOP_KEY), process.env.XUNYUAN_AOP_SECRET, process.env.XUNYUAN_AOP_TOKEN];
const api = new BaseAPI(...who);
const done = [];

/** One call by the client's own way to make any. */
async function ask(namespace, name, parameters, method = 'POST') {
  const told = await api.sendRequest(`${HOST}/${namespace}/${name}`, parameters, method);
  assert.equal(told.status, true, told.statusText);
  done.push(name);
  return told.body;
}

/** The gateway's code for a call that it refuses. */
async function refused(calling) {
  try {
    const told = await calling;
    throw new Error(`let through: ${JSON.stringify(told)}`);
  } catch (error) {
    if (!error.response) throw error;
    assert.equal(error.response.headers['content-type'], 'application/json');
    return error.response.data.error_code;
  }
}

async function findsGoods() {
  const goods = [];
  for (const method of ['GET', 'POST']) {
    const asked = { keyword: '花盆', beginPage: 1, pageSize: 20, country: 'en' };
    const found = (await ask(XB, 'product.search.keywordQuery', { offerQueryParam: asked }, method)).result;
    assert.equal(found.success, true);
    goods.push(found.result.data.map((one) => one.offerId));
  }
  assert.deepEqual(goods[0], goods[1], 'GET and POST find the same');
  return goods[0];
}

async function detail(offerId) {
  const asked = { offerDetailParam: { offerId, country: 'en' } };
  const told = (await ask(XB, 'product.search.queryProductDetail', asked)).result;
  assert.equal(told.result.offerId, offerId);
  return told.result;
}

/** Something that can be had now, priced. */
async function cargo(offers) {
  const saved = await ask(TRADE, 'alibaba.trade.receiveAddress.get', {});
  const addressParam = { addressId: saved.result.receiveAddressItems[0].id };
  for (const offer of offers) {
    const one = await detail(offer);
    const sku = one.productSkuInfos.find((each) => each.amountOnSale > 100);
    if (!sku) continue;
    const step = one.batchNumber ?? 1;
    const quantity = Math.ceil(one.minOrderQuantity / step) * step;
    const wish = { flow: 'general', addressParam, cargoParamList: [{ offerId: offer, specId: sku.specId, quantity }] };
    const preview = await ask(TRADE, 'alibaba.createOrder.preview', { ...wish });
    if (preview.success) return [wish, preview.orderPreviewResuslt[0].sumPayment];
  }
  throw new Error('nothing of all that can be had');
}

async function buys(offers) {
  const [wish, sum] = await cargo(offers);
  const outOrderId = `NPM-${Date.now()}`;
  const order = () => ask(TRADE, 'alibaba.trade.createCrossOrder', { ...wish, outOrderId });
  const first = await order();
  assert.equal(first.success, true, JSON.stringify(first));
  assert.equal(first.result.totalSuccessAmount, sum);
  assert.deepEqual(await order(), first, 'ordered once');
  const { orderId } = first.result;
  const view = await ask(TRADE, 'alibaba.trade.get.buyerView', { webSite: '1688', orderId }, 'GET');
  assert.equal(view.success, 'true');
  assert.equal(view.result.baseInfo.idOfStr, orderId);
  assert.equal(view.result.baseInfo.outOrderId, outOrderId);
  assert.equal(Math.round(view.result.baseInfo.totalAmount * 100), sum);
  const back = { webSite: '1688', tradeID: orderId, cancelReason: 'buyerCancel' };
  assert.equal((await ask(TRADE, 'alibaba.trade.cancel', back)).success, true);
  const gone = await ask(TRADE, 'alibaba.trade.get.buyerView', { webSite: '1688', orderId });
  assert.equal(gone.result.baseInfo.status, 'cancel');
}

/** Methods of its own: those whose call the gateway has tell what it has, the others are named as unknown. */
async function ownMethods(offer) {
  const retail = new RetailSourcingSolution(...who);
  const drop = new DropshippingSolution(...who);
  const account = await retail.getAccountInfo();
  assert.equal(account.result.loginId, 'tokyo-bazaar');
  const above = (await retail.getCategory('0')).categoryInfo[0];
  assert.ok(above.childIDs.length > 0);
  const below = (await retail.getCategory(String(above.childIDs[0]))).categoryInfo[0];
  assert.deepEqual([below.name, below.parentIDs], [above.childCategorys[0].name, [0]]);
  done.push('getAccountInfo', 'getCategory');
  const unknown = {
    getProductRules: () => retail.getProductRules(),
    getProductList: () => retail.getProductList({ keywords: '花盆' }),
    getBatchProductDetail: () => retail.getBatchProductDetail([offer]),
    getChosenStockpileList: () => retail.getChosenStockpileList('1'),
    genDKey: () => retail.genDKey({ offerIds: [offer] }),
    followProduct: () => retail.followProduct(offer),
    searchCategory: () => retail.searchCategory('花盆'),
    matchProduct: () => retail.matchProduct({ outOfferId: '1' }),
    getAddressCode: () => retail.getAddressCode({ areaCode: '330108', webSite: '1688' }),
    getProductPageList: () => retail.getProductPageList({ keyword: '花盆' }),
    getProductFilter: () => retail.getProductFilter(),
    getProductDetail: () => drop.getProductDetail(offer),
    imageSearch: () => drop.imageSearch({ imgUrl: 'https://cbu01.alicdn.com/img/ibank/x.jpg' }),
    // What it only asks by https, asked by its own way to ask anything.
    overseasImageSearch: () => api.sendRequest(`${HOST}/com.alibaba.linkplus/alibaba.cross.similar.offer.search`, { page: 1 }),
  };
  for (const [name, calling] of Object.entries(unknown)) {
    assert.equal(await refused(calling()), 'gw.APIUnsupported', name);
  }
}

async function refusals(offer) {
  const wrong = new BaseAPI(who[0], 'wrong', who[2]);
  const asked = () => ({ offerDetailParam: { offerId: offer, country: 'en' } });
  const url = `${HOST}/${XB}/product.search.queryProductDetail`;
  assert.equal(await refused(wrong.sendRequest(url, asked())), 'gw.SignatureInvalid');
  assert.equal(await refused(new BaseAPI(who[0], who[1], 'invented').sendRequest(url, asked())), '401');
  const vector = sign('param2/1/ns/api/k', { page: 'z9', pageSize: 20, access_token: 't' }, 's');
  assert.equal(vector, '32052DBB7F5943A4D0847A41353B0655D089657C');
}

async function main() {
  const offers = await findsGoods();
  await buys(offers);
  await ownMethods(offers[0]);
  await refusals(offers[0]);
  console.log(`1688-api: ${done.length} calls, all of them right: ${[...new Set(done)].sort().join(', ')}`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
