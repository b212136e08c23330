"""Reads the documentation in a browser that can reach nothing but the gateway, and tries the API out from there.

    XUNYUAN_URL=http://127.0.0.1:8080 XUNYUAN_KEY_ID=xyk_test_… XUNYUAN_SECRET=xys_… python3 tests/browser/docs.py

Pictures go to target/screens/. Needs Debian's chromium and chromium-driver, and node for the Node samples.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import urllib.parse

from webdriver import Browser

BASE = os.environ.get("XUNYUAN_URL", "http://127.0.0.1:8080").rstrip("/")
KEY_ID = os.environ.get("XUNYUAN_KEY_ID", "")
SECRET = os.environ.get("XUNYUAN_SECRET", "")
SCREENS = pathlib.Path(os.environ.get("XUNYUAN_SCREENS", "target/screens"))
GUIDES = ["/docs/signing", "/docs/orders", "/docs/payments", "/docs/webhooks",
          "/docs/refunds", "/docs/consignments", "/docs/limits", "/docs/money", "/docs/errors", "/docs/errors/signature_mismatch"]
LOOKS = [(width, dark) for width in (1280, 390) for dark in (False, True)]
EXAMPLE_LIVE = "xyk_live_0000000000000000000000000000"


def reference(browser):
    """Opens the reference and waits until it is drawn."""
    browser.open("about:blank")
    browser.open(f"{BASE}/docs")
    browser.until("return document.querySelectorAll('.operation').length > 3", "operations are drawn")


def every_operation_says_scope_and_cost(browser):
    reference(browser)
    silent = browser.run(
        "return [...document.querySelectorAll('.operation')].filter((one) => {"
        " const chips = one.querySelector('.chips')?.textContent ?? '';"
        " return !(/scope/.test(chips) && /cost|free/.test(chips)) && !/no signature/.test(chips); }).map((one) => one.id)")
    assert not silent, silent


def enter_key(browser, key_id, secret):
    browser.type("#key input[type=text]", key_id)
    browser.type("#key input[type=password]", secret)
    browser.click("#key button[type=submit]")


def open_tryout(browser, operation):
    if not browser.run(f"return document.querySelector('#{operation} .tryout').open"):
        browser.click(f"#{operation} .tryout > summary")
    browser.until(f"return document.querySelector('#{operation} .tryout form')", "the form is drawn")


def answer(browser, operation, button="button[type=submit]"):
    """Sends the try-out and gives status, header names and body as shown."""
    browser.run(f"document.querySelectorAll('#{operation} .reply').forEach((reply) => reply.remove())")
    browser.click(f"#{operation} .tryout {button}")
    browser.until(f"return document.querySelector('#{operation} .reply')", f"{operation} is answered")
    return browser.run(
        f"const reply = document.querySelector('#{operation} .reply');"
        "return {status: Number(reply.querySelector('.status').textContent),"
        " headers: [...reply.querySelectorAll('.header-list dt')].map((name) => name.textContent),"
        " code: reply.querySelector('.refusal a')?.getAttribute('href'),"
        " body: reply.querySelector('.body')?.textContent ?? ''}")


def a_live_key_is_refused(browser):
    reference(browser)
    enter_key(browser, EXAMPLE_LIVE, SECRET)
    told = browser.run("return document.querySelector('#key .problem').textContent")
    assert "live key" in told, told


def the_try_out_searches(browser):
    reference(browser)
    enter_key(browser, KEY_ID, SECRET)
    open_tryout(browser, "search_offers")
    found = answer(browser, "search_offers")
    assert found["status"] == 200, found
    assert "RateLimit" in found["headers"] and "X-Request-Id" in found["headers"], found["headers"]
    assert '"items"' in found["body"], found["body"][:200]
    base = browser.run("return document.querySelector('#search_offers .signed code').textContent")
    assert base.startswith('"@method": GET\n"@authority": ') and "@signature-params" in base, base


def the_same_bytes_are_refused_as_a_replay(browser):
    again = answer(browser, "search_offers", ".row .quiet")
    assert again["status"] == 401 and again["code"] == "/docs/errors/replayed", again


def a_wrong_secret_is_explained(browser):
    reference(browser)
    # A well-formed secret of another key: the one of the signing guide.
    enter_key(browser, KEY_ID, other_secret())
    open_tryout(browser, "search_offers")
    refused = answer(browser, "search_offers")
    assert refused["status"] == 401 and refused["code"] == "/docs/errors/signature_mismatch", refused
    shown = browser.run("return document.querySelector('#search_offers .refusal').textContent")
    assert "secret differs" in shown, shown


def other_secret():
    import urllib.request
    page = urllib.request.urlopen(f"{BASE}/docs/signing").read().decode()
    return page.split('id="example-secret">')[1].split("<")[0]


def one_step_leads_to_the_next(browser):
    """Search, open, quote, order: each form is filled in from the answer before."""
    reference(browser)
    enter_key(browser, KEY_ID, SECRET)
    for operation, wanted in [("search_offers", 200), ("get_offer", 200), ("create_quote", 201), ("create_order", 201)]:
        open_tryout(browser, operation)
        found = answer(browser, operation)
        assert found["status"] == wanted, (operation, found)


def the_key_is_forgotten(browser):
    browser.click("#key button.quiet")
    assert browser.run("return sessionStorage.length") == 0
    assert browser.run("return document.querySelector('#search_offers .tryout .act').disabled") is True


def the_navigation_filters(browser):
    reference(browser)
    browser.press("/")
    assert browser.run("return document.activeElement.id") == "find"
    browser.type("#find", "quote")
    shown = browser.run("return [...document.querySelectorAll('#operations li:not([hidden]) a')].map((a) => a.hash)")
    assert "#create_quote" in shown and "#search_offers" not in shown, shown
    browser.press("\ue007")
    browser.until("return location.hash !== ''", "Enter goes to the first match")


def the_live_signer_agrees_with_the_worked_example(browser):
    browser.open(f"{BASE}/docs/signing")
    browser.until("return document.querySelectorAll('.signed-steps figure').length === 5", "the signer shows its steps")
    shown = browser.run("return document.querySelector('.signed-steps').textContent")
    worked = browser.run("return [...document.querySelectorAll('[data-example=signature]')].at(-1).textContent")
    assert worked in shown, (worked, shown)


def samples_of(browser, operation):
    reference(browser)
    return browser.run(
        f"return Object.fromEntries([...document.querySelectorAll('#{operation} .samples [role=tab]')].map((tab) =>"
        " [tab.dataset.key, document.getElementById(tab.getAttribute('aria-controls')).querySelector('code').textContent]))")


def the_samples_run(browser):
    runners = {"python": [sys.executable, "-"], "node": ["node", "--input-type=module", "-"]}
    environment = {**os.environ, "XUNYUAN_KEY_ID": KEY_ID, "XUNYUAN_SECRET": SECRET}
    for operation in ("search_offers", "create_quote"):
        texts = samples_of(browser, operation)
        for language, command in runners.items():
            if not shutil.which(command[0]):
                print(f"     (no {command[0]} here: its sample was not run)")
                continue
            done = subprocess.run(command, input=texts[language], text=True, capture_output=True, env=environment, timeout=60)
            # The example quote names a SKU that may not exist; that it is refused for that and not for its signature is enough.
            fine = ("200 ",) if operation == "search_offers" else ("201 ", "409 ")
            assert done.stdout.startswith(fine), (operation, language, done.stdout, done.stderr)


def every_page_fits_and_has_its_landmarks(browser):
    for width, dark in LOOKS:
        browser.window(width, 900 if width > 500 else 844, dark, phone=width < 500)
        name = f"{width}-{'dark' if dark else 'light'}"
        for page in GUIDES:
            browser.open(BASE + page)
            check_page(browser, page, width)
            browser.picture(SCREENS / f"{page.strip('/').replace('/', '-')}-{name}.png")
        reference(browser)
        check_page(browser, "/docs", width)
        browser.picture(SCREENS / f"docs-{name}.png")
        enter_key(browser, KEY_ID, SECRET)
        for operation in ("search_offers", "create_order"):
            browser.run("document.getElementById(arguments[0]).scrollIntoView({behavior: 'instant'})", operation)
            browser.picture(SCREENS / f"docs-{operation}-{name}.png")
        open_tryout(browser, "search_offers")
        assert answer(browser, "search_offers")["status"] == 200
        browser.run("document.querySelector('#search_offers .tryout').scrollIntoView({behavior: 'instant'})")
        check_page(browser, "the try-out", width)
        browser.picture(SCREENS / f"docs-tryout-{name}.png")
    browser.window(360, 740, phone=True)
    for page in ["/docs", *GUIDES]:
        browser.open(BASE + page)
        check_page(browser, page, 360)
    browser.window(1280, 900)


def check_page(browser, page, width):
    wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page} is {wide} px too wide at {width} px"
    assert browser.run("return document.querySelectorAll('main#content').length") == 1, page
    assert browser.run("return document.querySelectorAll('h1').length") == 1, page
    unnamed = browser.run(
        "return [...document.querySelectorAll('button, a[href], input, textarea')].filter((one) =>"
        " !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length || one.querySelector('img[alt]'))).map((one) => one.outerHTML)")
    assert not unnamed, (page, unnamed)


def the_first_stop_skips_to_the_content(browser):
    browser.open(f"{BASE}/docs/orders")
    browser.press("\ue004")
    assert browser.run("return document.activeElement.className") == "skip"
    browser.press("\ue007")
    browser.until("return document.activeElement.id === 'content'", "the content has the focus")


def guides_and_errors_work_without_scripts(browser):
    browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
    try:
        for page in ["/docs", *GUIDES]:
            browser.open(BASE + page)
        browser.open(f"{BASE}/docs")
        browser.picture(SCREENS / "docs-without-scripts.png")
    finally:
        browser.devtools("Emulation.setScriptExecutionDisabled", value=False)


CLAIMS = [
    every_operation_says_scope_and_cost, a_live_key_is_refused, the_try_out_searches, the_same_bytes_are_refused_as_a_replay, a_wrong_secret_is_explained,
    one_step_leads_to_the_next, the_key_is_forgotten, the_navigation_filters, the_live_signer_agrees_with_the_worked_example,
    the_samples_run, every_page_fits_and_has_its_landmarks, the_first_stop_skips_to_the_content, guides_and_errors_work_without_scripts,
]


def main():
    if not KEY_ID.startswith("xyk_test_"):
        raise SystemExit("set XUNYUAN_URL, XUNYUAN_KEY_ID and XUNYUAN_SECRET (a sandbox key)")
    host = urllib.parse.urlsplit(BASE)
    browser = Browser(host.hostname)
    failed = 0
    try:
        browser.window(1280, 900)
        for claim in CLAIMS:
            failed += not holds(browser, claim)
        foreign = [url for url in browser.requests() if not url.startswith((BASE + "/", "about:", "data:", "chrome"))]
        print(f"{'ok  ' if not foreign else 'FAIL'} nothing was asked of anybody else {foreign or ''}")
        failed += bool(foreign)
    finally:
        browser.close()
    raise SystemExit(1 if failed else 0)


def holds(browser, claim):
    name = claim.__name__.replace("_", " ")
    try:
        claim(browser)
        # Refused requests are complained about by the browser itself; everything else is ours.
        complaints = [text for text in browser.complaints() if "the server responded with a status of 4" not in text]
        assert not complaints, complaints
    except Exception as error:  # one broken claim must not silence the others
        print(f"FAIL {name}\n     {type(error).__name__}: {str(error)[:2000]}")
        return False
    print(f"ok   {name}")
    return True


if __name__ == "__main__":
    main()
