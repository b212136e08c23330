"""Uses the operator's console in a browser that can reach nothing but the gateway, with the keyboard and by hand.

    XUNYUAN_OPS_URL=http://127.0.0.1:9090 XUNYUAN_CONSOLE_PASSWORD=abcd-… python3 tests/browser/console.py

A one-time password will do. Pictures go to target/screens/. Needs Debian's chromium and chromium-driver.
"""
import os
import pathlib
import sys
import urllib.parse

from webdriver import Browser

BASE = os.environ.get("XUNYUAN_OPS_URL", "http://127.0.0.1:9090").rstrip("/")
PASSWORD = os.environ.get("XUNYUAN_CONSOLE_PASSWORD", "")
SCREENS = pathlib.Path(os.environ.get("XUNYUAN_SCREENS", "target/screens"))
LOOKS = [(width, dark) for width in (1280, 390) for dark in (False, True)]
TAB, ENTER = "\ue004", "\ue007"


def picture(browser, name, width, dark):
    """The whole page, however long."""
    high = browser.run("return Math.max(600, document.documentElement.scrollHeight)")
    browser.window(width, min(high, 6000), dark, phone=width < 500)
    browser.picture(SCREENS / f"console-{name}-{width}-{'dark' if dark else 'light'}.png")
    browser.window(width, 900, dark, phone=width < 500)


def fits(browser, what):
    """Nothing makes the page wider than the window; tables may scroll by themselves."""
    wide = browser.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{what} is {wide} px too wide"


def closed_without_login(browser):
    browser.open(f"{BASE}/console/orders")
    assert browser.run("return location.pathname") == "/console/login"
    fits(browser, "login")
    for width, dark in LOOKS:
        browser.window(width, 900, dark, phone=width < 500)
        picture(browser, "login", width, dark)


def a_wrong_password_is_refused(browser):
    browser.type("#password", "guess")
    browser.press(ENTER)
    browser.until("return document.querySelector('[role=alert]')", "the refusal is told")


def the_keyboard_logs_in(browser):
    browser.open(f"{BASE}/console/login")
    assert browser.run("return document.activeElement.id") == "password"
    browser.type("#password", PASSWORD)
    browser.press(ENTER)
    browser.until("return location.pathname === '/console'", "the overview is shown")
    assert not browser.run("return document.cookie"), "a script can read the cookie"


def the_overview_renews_itself(browser):
    moment = "return document.querySelector('main time').dateTime"
    before = browser.run(moment)
    browser.run("window.stayed = true; document.querySelector('main a').focus()")
    browser.until(f"return document.querySelector('main time').dateTime !== '{before}'", "the figures are fresh")
    assert browser.run("return window.stayed && document.activeElement.matches('main a')"), "the focus was lost"


def an_order_is_found(browser):
    reference = browser.run("return document.querySelector('td[data-label=Reference] a').textContent")
    browser.type("#find", reference)
    browser.press(ENTER)
    browser.until("return location.pathname === '/console/orders'", "the search is answered")
    browser.click("td[data-label=Reference] a")
    browser.until("return document.querySelectorAll('.story li').length > 1", "the story is told")
    assert reference in browser.run("return document.querySelector('h1').textContent")


def every_page_fits_every_window(browser):
    order = browser.run("return location.pathname")
    for name, path in (("overview", "/console"), ("orders", "/console/orders"), ("order", order), ("missing", "/console/x")):
        for width, dark in [*LOOKS, (360, False)]:
            browser.window(width, 900, dark, phone=width < 500)
            browser.open(BASE + path + "?refresh=off")
            fits(browser, f"{path} at {width} px")
            picture(browser, name, width, dark)
    browser.window(1280, 900)


def the_first_key_skips_the_bar(browser):
    browser.open(f"{BASE}/console?refresh=off")
    browser.press(TAB)
    assert browser.run("return document.activeElement.className") == "skip"


def logging_out_ends_it(browser):
    browser.click(".leave button")
    browser.until("return location.pathname === '/console/login'", "the login is shown")
    browser.open(f"{BASE}/console")
    assert browser.run("return location.pathname") == "/console/login"


STEPS = [closed_without_login, a_wrong_password_is_refused, the_keyboard_logs_in, the_overview_renews_itself,
         an_order_is_found, every_page_fits_every_window, the_first_key_skips_the_bar, logging_out_ends_it]


def main():
    browser = Browser(urllib.parse.urlsplit(BASE).hostname)
    try:
        browser.window(1280, 900)
        for step in STEPS:
            step(browser)
            # Browsers note every 4xx page as a complaint; those are answers.
            bad = [text for text in browser.complaints() if "status of 40" not in text]
            assert not bad, (step.__name__, bad)
            foreign = [one for one in browser.requests() if not one.startswith((BASE, "data:", "about:"))]
            assert not foreign, (step.__name__, foreign)
            print(f"ok  {step.__name__.replace('_', ' ')}")
    finally:
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
