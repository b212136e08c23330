#!/usr/bin/env node
// Uses the operator's console in a browser that can reach nothing but the gateway's own listener, by hand and with the
// keyboard, while a partner buys and runs into its limit. Pictures go to target/screens/.
//
//   XUNYUAN_OPS_URL=… XUNYUAN_CONSOLE_PASSWORD=… XUNYUAN_URL=… XUNYUAN_KEY_ID=… XUNYUAN_SECRET=… node tests/browser/console.mjs
//
// A one-time password will do. Needs playwright-core (tests/run tools) and Debian's chromium.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Client, Problem } from '../../partner-sdk-examples/node/xunyuan.mjs';

// The package lies where tests/run put it, not in the source tree.
const { chromium } = createRequire(`${process.env.NODE_PATH}/x`)('playwright-core');

const setting = (name) => process.env[name] ?? assert.fail(`${name} is not set`);
const OPS = setting('XUNYUAN_OPS_URL').replace(/\/$/, '');
const SCREENS = process.env.XUNYUAN_SCREENS ?? 'target/screens';
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
const api = new Client(setting('XUNYUAN_URL'), setting('XUNYUAN_KEY_ID'), setting('XUNYUAN_SECRET'));

const foreign = [];
const complaints = [];
let page;
let reference;
let what_if;

async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce', ...options });
  await context.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(OPS) || url.startsWith('data:')) return route.continue();
    foreign.push(url);
    return route.abort();
  });
  const opened = await context.newPage();
  opened.on('pageerror', (error) => complaints.push(error.message));
  // A page that refuses is noted as an error by browsers; it is an answer.
  opened.on('console', (line) => {
    if (line.type() === 'error' && !/status of (4\d\d|303)/.test(line.text())) complaints.push(line.text());
  });
  return opened;
}

async function fits(what) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(wide <= 0, `${what} is ${wide} px too wide`);
  if (page.viewportSize().width > 500) return;
  const scrolling = await page.evaluate(() => [...document.querySelectorAll('.table')].filter((one) => one.scrollWidth > one.clientWidth).length);
  assert.equal(scrolling, 0, `${what}: a table has to be scrolled sideways`);
}

async function text(selector) {
  return (await page.locator(selector).first().innerText()).trim();
}

/** A form behind a summary that has to be opened first: nothing is changed by one wrong click. */
async function act(summary, fill, button) {
  await page.getByText(summary, { exact: true }).first().click();
  if (fill) await page.locator('details.act[open] input[name=reason]').fill(fill);
  await page.getByRole('button', { name: button }).click();
}

// What a partner does meanwhile.

async function quote() {
  const found = (await api.search('植木鉢', { language: 'ja', limit: 20 })).json();
  for (const item of found.items) {
    const offer = (await api.offer(item.id)).json();
    const step = offer.order_multiple ?? 1;
    const quantity = Math.ceil(offer.minimum_order / step) * step;
    for (const sku of offer.skus.filter((one) => one.stock >= quantity)) {
      try {
        return (await api.quote([{ sku_id: sku.id, quantity }], { currency: 'JPY' })).json().quotes[0];
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
    }
  }
  return assert.fail('nothing could be quoted');
}

async function order(name) {
  const quoted = await quote();
  const placed = await api.order(name, quoted.id, `console-${name}-${Date.now()}`);
  assert.ok(placed.status === 201, placed.status);
  return placed.json();
}

const hook = (path) => ({ url: `http://127.0.0.1:1${path}`, types: ['order.*'], description: 'nobody listens there' });

async function a_partner_buys() {
  await api.call('POST', '/v1/webhook-endpoints', { body: hook('/orders') }).catch((error) => {
    throw new Error(`no endpoint: ${error.message}`);
  });
  const mark = Date.now().toString(36).toUpperCase();
  for (let number = 1; number <= 4; number += 1) await order(`PO-${mark}-${number}`);
  reference = `PO-${mark}-2`;
}

/** Asks until a limit says no; refusals are what is wanted. */
async function hammer(seconds) {
  const until = Date.now() + seconds * 1000;
  let refused = 0;
  const one = async () => {
    while (Date.now() < until) {
      const answer = await api.call('GET', '/v1/categories', { attempts: 1 }).catch((error) => error);
      refused += answer.status === 429 ? 1 : 0;
    }
  };
  await Promise.all(Array.from({ length: 12 }, one));
  return refused;
}

// What the operator does.

async function nobody_sees_a_page_without_logging_in() {
  for (const path of ['/console', '/console/orders', '/console/partners', '/console/audit']) {
    await page.goto(OPS + path);
    assert.equal(new URL(page.url()).pathname, '/console/login', path);
  }
  await page.locator('#password').fill('guess');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
}

async function the_keyboard_logs_in() {
  await page.goto(`${OPS}/console/login`);
  await page.waitForFunction(() => document.activeElement.id === 'password');
  await page.keyboard.type(setting('XUNYUAN_CONSOLE_PASSWORD'));
  await page.keyboard.press('Enter');
  await page.waitForURL(`${OPS}/console`);
  assert.equal(await page.evaluate(() => document.cookie), '', 'a script can read the cookie');
}

async function the_first_key_skips_the_bar() {
  await page.goto(`${OPS}/console?refresh=off`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
}

async function a_page_renews_itself_and_keeps_the_focus() {
  await page.goto(`${OPS}/console`);
  const moment = () => page.locator('.node time').getAttribute('datetime');
  const before = await moment();
  await page.evaluate(() => { window.stayed = true; document.querySelector('main a').focus(); });
  await page.waitForFunction((old) => document.querySelector('.node time').dateTime !== old, before);
  assert.ok(await page.evaluate(() => window.stayed && document.activeElement.matches('main a')), 'the focus was lost');
  await page.locator('#pulse.good').waitFor();
}

async function a_partner_climbs_to_its_limit_live() {
  await page.goto(`${OPS}/console/partners`);
  const used = () => parseInt(document.querySelector('#partners td[data-label=Used]').textContent, 10);
  const before = await page.evaluate(used);
  const hammered = hammer(8);
  await page.waitForFunction(() => parseInt(document.querySelector('#partners td[data-label=Used]').textContent, 10) > 80, null, { timeout: 10_000 });
  await page.waitForFunction(() => document.querySelector('#partners td[data-label="429"] .alarm'), null, { timeout: 10_000 });
  await picture('partners-at-the-limit', WIDE, 'light');
  assert.ok(before < 80 && (await hammered) > 0, 'the limiter never said no');
  await page.locator('#partners td[data-label="Most called"]').getByText('list_categories').first().waitFor();
}

const partner_of = async () => (await api.call('GET', '/v1/me')).json().partner.id;

/** The quota of a policy as the partner is told it. */
async function quota(policy) {
  const answer = await api.call('GET', '/v1/limits');
  return answer.json().policies.find((one) => one.name === policy).quota;
}

/** Fills the form of other figures with the keyboard alone. */
async function figures({ policy, units, kind, reason }) {
  await page.getByText('Give it other figures…', { exact: true }).focus();
  await page.keyboard.press('Enter');
  const form = page.locator('details.act[open] form');
  await form.locator('select[name=policy]').selectOption(policy);
  await form.locator('input[name=quota]').fill(String(units));
  if (kind === 'trial') await form.locator('input[value=trial]').check();
  await form.locator('input[name=reason]').fill(reason);
  await page.keyboard.press('Enter');
}

async function an_override_works_within_two_seconds_and_is_ended() {
  const [before, partner] = [await quota('minute'), await partner_of()];
  await page.goto(`${OPS}/console/partners/${partner}`);
  await figures({ policy: 'minute', units: before + 111, reason: 'a sale on Friday' });
  const set = Date.now();
  await page.waitForURL(/#figures$/);
  while ((await quota('minute')) !== before + 111) assert.ok(Date.now() - set < 2000, 'it took more than two seconds');
  const row = page.locator('tr', { hasText: 'a sale on Friday' });
  await row.getByText('in force', { exact: true }).waitFor();
  await picture('own-figures', WIDE, 'light');
  await row.getByText('End…').click();
  await row.getByRole('button', { name: 'End it now' }).click();
  await row.getByText('ended', { exact: true }).waitFor();
  assert.equal(await quota('minute'), before);
  await page.goto(`${OPS}/console/audit?subject=${partner}&action=limit`);
  await page.getByText('limit.override').first().waitFor();
  await page.getByText('limit.end').first().waitFor();
}

async function a_limit_on_trial_refuses_nobody_and_counts() {
  await page.goto(`${OPS}/console/partners/${await partner_of()}`);
  await figures({ policy: 'second', units: 2, kind: 'trial', reason: 'would two a second hurt?' });
  await page.locator('tr', { hasText: 'would two a second hurt?' }).getByText('on trial').waitFor();
  for (let call = 0; call < 12; call += 1) assert.equal((await api.call('GET', '/v1/categories', { attempts: 1 })).status, 200);
  await page.getByText('On trial, would have refused').first().waitFor();
}

async function a_failed_request_is_found_by_its_id() {
  const failed = await api.call('GET', '/v1/offers/999999999999', { attempts: 1 }).catch((error) => error);
  assert.equal(failed.status, 404);
  await page.goto(`${OPS}/console`);
  await page.locator('#find').fill(failed.requestId);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/console\/partners\/.*#req_/);
  await page.locator(`tr:target`).getByText('offer_foreign').waitFor();
}

async function a_plan_is_proposed_and_replayed() {
  await page.goto(`${OPS}/console/what-if`);
  await page.locator('select[name=plan]').selectOption('starter');
  await page.locator('select[name=partner]').selectOption('*');
  await page.getByRole('button', { name: 'Show its policies' }).click();
  await page.locator('input[name="quota.minute"]').fill('5');
  await page.keyboard.press('Enter');
  await page.getByText('Accounts refused something').waitFor();
  // What was wanted is written when its minute is over.
  for (let look = 0; look < 40 && parseInt(await text('.tile .figure'), 10) === 0; look += 1) {
    await page.waitForTimeout(2000);
    await page.reload();
  }
  assert.ok(parseInt(await text('.tile .figure'), 10) > 0, 'nobody would have been refused');
  what_if = page.url().slice(OPS.length);
}

async function an_order_is_found_by_its_reference() {
  await page.goto(`${OPS}/console`);
  await page.locator('#find').fill(reference);
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/console\/orders\/ord_/);
  assert.ok((await text('h1')).startsWith(reference));
  for (const words of ['accepted → awaiting_payment', 'create_order', 'order.accepted']) {
    await page.locator('.story').getByText(words).first().waitFor();
  }
}

async function an_order_is_looked_up_by_hand() {
  await page.getByRole('button', { name: 'Look it up at the catalogue' }).click();
  await page.getByText('The catalogue has it as').waitFor();
  await page.getByText('Back to the order').click();
  await page.locator('.story .by_hand').getByText('order.look').waitFor();
}

async function a_failing_endpoint_stands_first_and_is_sent_to_again() {
  await page.goto(`${OPS}/console/webhooks`);
  await page.locator('#endpoints tbody tr').first().getByText('failing').waitFor();
  await page.locator('#endpoints tbody tr a.cut').first().click();
  await page.waitForURL(/\/console\/webhooks\/whe_/);
  await page.getByText('Resend…').first().click();
  await page.getByRole('button', { name: /^Send order\.\w+ again$/ }).first().click();
  await page.getByText('One delivery is on its way again.').waitFor();
}

async function a_key_is_suspended_and_resumed() {
  const id = setting('XUNYUAN_KEY_ID');
  await page.goto(`${OPS}/console/find?q=${id}`);
  await page.waitForURL(/\/console\/partners\//);
  const row = page.locator('tr', { hasText: id });
  await row.getByText('Suspend…').click();
  await row.locator('input[name=reason]').fill('seen in a public repository');
  await row.getByRole('button', { name: 'Suspend this key' }).click();
  await row.getByText('suspended', { exact: true }).waitFor();
  const refused = await api.call('GET', '/v1/me', { attempts: 1 }).catch((error) => error);
  assert.equal(refused.code, 'key_suspended');
  await picture('key-suspended', WIDE, 'light');
  await row.getByRole('button', { name: 'Resume' }).click();
  await row.getByText('active', { exact: true }).waitFor();
  assert.equal((await api.call('GET', '/v1/me', { attempts: 1 })).status, 200);
  await page.goto(`${OPS}/console/audit?action=key.`);
  await page.getByText('seen in a public repository').waitFor();
}

async function columns_are_sorted_with_the_keyboard() {
  await page.goto(`${OPS}/console?refresh=off`);
  const names = () => page.locator('#operations tbody th').allInnerTexts();
  const head = page.getByRole('button', { name: 'Operation', exact: true });
  await head.focus();
  await page.keyboard.press('Enter');
  assert.deepEqual(await names(), [...(await names())].sort());
  await page.keyboard.press('Enter');
  assert.deepEqual(await names(), [...(await names())].sort().reverse());
  assert.equal(await page.locator('#operations th[aria-sort=descending]').count(), 1);
}

const PAGES = [
  ['partners', '/console/partners'], ['partner', null], ['what-if', null], ['orders', '/console/orders'], ['order', null],
  ['growth', '/console/growth'], ['referrals', '/console/referrals'], ['goods', '/console/goods'], ['cache', '/console/cache'], ['webhooks', '/console/webhooks'], ['endpoint', null],
  ['catalogue', '/console/catalogue'], ['audit', '/console/audit'], ['me', '/console/me'], ['missing', '/console/nothing'],
  // Last, when there is something of an hour to see.
  ['now', '/console'],
];

async function places() {
  const lead = { partner: ['/console/partners', 'main a[href^="/console/partners/"]'],
    order: ['/console/orders', 'td[data-label=Reference] a'], endpoint: ['/console/webhooks', '#endpoints a.cut'] };
  const found = [];
  for (const [name, path] of PAGES) {
    if (path || name === 'what-if') { found.push([name, path ?? what_if]); continue; }
    await page.goto(OPS + lead[name][0]);
    found.push([name, await page.locator(lead[name][1]).first().getAttribute('href')]);
  }
  return found;
}

async function picture(name, size, scheme) {
  const kind = ['partners-at-the-limit', 'key-suspended'].includes(name) ? {} : { fullPage: true };
  await page.screenshot({ path: `${SCREENS}/console-${name}-${size.width}-${scheme}.png`, ...kind });
}

async function every_page_fits_every_window_in_both_lights() {
  const all = await places();
  for (const [name, path] of all) {
    for (const size of [WIDE, PHONE, { width: 360, height: 740 }]) {
      await page.setViewportSize(size);
      for (const scheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        await page.goto(`${OPS}${path}${path.includes('?') ? '&' : '?'}refresh=off`);
        await fits(`${path} at ${size.width} px`);
        if (size.width !== 360) await picture(name, size, scheme);
      }
    }
  }
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
}

async function the_last_hour_is_drawn_without_prometheus() {
  await page.goto(`${OPS}/console`);
  await page.locator('.tile .spark').first().waitFor({ timeout: 40_000 });
  assert.ok((await page.locator('.tile .spark').count()) > 6);
}

async function nothing_is_missing_without_a_script(browser) {
  const cookies = await page.context().cookies();
  const still = await open(browser, { javaScriptEnabled: false });
  await still.context().addCookies(cookies);
  for (const [, path] of PAGES.filter(([name, path]) => path && name !== 'missing')) {
    const answer = await still.goto(OPS + path);
    assert.equal(answer.status(), 200, path);
    assert.equal(await still.locator('noscript meta[http-equiv=refresh], meta[http-equiv=refresh]').count(), path === '/console/me' ? 0 : 1, path);
  }
  await still.goto(`${OPS}/console/orders?q=${reference}`);
  assert.equal((await still.locator('td[data-label=Reference] a').first().innerText()).trim(), reference);
  await still.goto(OPS + what_if);
  await still.getByText('Accounts refused something').waitFor();
  await still.context().close();
}

async function logging_out_ends_it_everywhere() {
  await page.goto(`${OPS}/console`);
  await page.locator('details.who summary').click();
  await page.getByRole('button', { name: 'Log out everywhere' }).click();
  await page.waitForURL(`${OPS}/console/login`);
  for (const [size, scheme] of [[WIDE, 'light'], [WIDE, 'dark'], [PHONE, 'light'], [PHONE, 'dark']]) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: scheme });
    await fits('login');
    await picture('login', size, scheme);
  }
  await page.goto(`${OPS}/console`);
  assert.equal(new URL(page.url()).pathname, '/console/login');
}

const STEPS = [
  a_partner_buys, nobody_sees_a_page_without_logging_in, the_keyboard_logs_in, the_first_key_skips_the_bar,
  a_page_renews_itself_and_keeps_the_focus, a_partner_climbs_to_its_limit_live,
  an_override_works_within_two_seconds_and_is_ended, a_limit_on_trial_refuses_nobody_and_counts, a_failed_request_is_found_by_its_id,
  an_order_is_found_by_its_reference,
  an_order_is_looked_up_by_hand, a_failing_endpoint_stands_first_and_is_sent_to_again, a_key_is_suspended_and_resumed,
  columns_are_sorted_with_the_keyboard, a_plan_is_proposed_and_replayed,
  the_last_hour_is_drawn_without_prometheus, every_page_fits_every_window_in_both_lights, nothing_is_missing_without_a_script,
  logging_out_ends_it_everywhere,
];

mkdirSync(SCREENS, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.XUNYUAN_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', '--no-first-run', '--disable-background-networking'],
});
try {
  page = await open(browser);
  page.setDefaultTimeout(15_000);
  for (const step of STEPS) {
    await step(browser);
    assert.deepEqual(complaints, [], step.name);
    assert.deepEqual(foreign, [], step.name);
    console.log(`ok  ${step.name.replaceAll('_', ' ')}`);
  }
} catch (error) {
  await page?.screenshot({ path: `${SCREENS}/console-failed.png`, fullPage: true }).catch(() => {});
  throw error;
} finally {
  await browser.close();
}
