"""The README's pictures, taken from the running demonstration: `make pictures`.

It runs a demonstration of its own on a free port, in a folder that is removed afterwards.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
PHONE, LAPTOP = (360, 900), (1280, 900)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE = 90.0  # seconds for a demonstration to start, and for its first messages


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with demonstration() as base, sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        quiet = ["--no-sandbox", "--disable-background-networking", "--force-color-profile=srgb"]
        browser = playwright.chromium.launch(executable_path=found, args=quiet)
        take_ask(browser, base)
        take_volunteer(browser, base)
        take_board(browser, base)
        take_icons(browser)
        browser.close()


def take_icons(browser: Browser) -> None:
    """The icon as phones want it for the home screen: without transparency, in two sizes."""
    icon = (ROOT / "static" / "icon.svg").read_text(encoding="utf-8")
    for size in (192, 512):
        page = browser.new_page(viewport={"width": size, "height": size})
        style = f"body {{ margin: 0; background: #fbf6ee }} svg {{ width: {size}px; height: {size}px; display: block }}"
        page.set_content(f"<style>{style}</style>{icon}")
        page.screenshot(path=ROOT / "static" / f"icon-{size}.png")
        page.close()


@contextmanager
def demonstration() -> Iterator[str]:
    state, port = Path(tempfile.mkdtemp(prefix="careweb-pictures-")), _free_port()
    state.chmod(0o755)  # root's database runs as another user, who must get in
    own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "MAKELEVEL")}
    environment = own | {"CAREWEB_STATE": str(state), "PORT": str(port)}
    careweb = subprocess.Popen([sys.executable, "-m", "careweb", "demo"], cwd=ROOT, env=environment)
    try:
        base = f"http://127.0.0.1:{port}"
        await_ready(base, careweb)
        yield base
    finally:
        careweb.send_signal(signal.SIGINT)
        careweb.wait(60)
        shutil.rmtree(state, ignore_errors=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def await_ready(base: str, careweb: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and careweb.poll() is None:
        try:
            with urlopen(f"{base}/readyz", timeout=1) as answer:  # noqa: S310  our own address
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("the demonstration did not start")


def open_page(browser: Browser, size: tuple[int, int]) -> Page:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, device_scale_factor=1.5 if size == PHONE else 1, color_scheme="light", locale="en-CA",
        java_script_enabled=False,
    )  # fmt: skip
    return context.new_page()


def take(page: Page, name: str) -> None:
    file = PICTURES / f"{name}.png"
    page.screenshot(path=file)
    sys.stdout.write(f"  {file.relative_to(ROOT)}  {file.stat().st_size // 1000} kB\n")


def take_ask(browser: Browser, base: str) -> None:
    page = open_page(browser, PHONE)
    page.goto(f"{base}/g/scarborough/ask")
    take(page, "ask")


def take_volunteer(browser: Browser, base: str) -> None:
    """The page behind the link of a message, as it is for whoever is not signed in."""
    page = open_page(browser, PHONE)
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        for message in messages(page, base):
            page.goto(base + message)
            if link := re.search(rf"{re.escape(base)}/a/[\w-]+", page.content()):
                page.goto(link.group())
                take(page, "volunteer")
                return
        time.sleep(0.5)
    raise SystemExit("nobody was asked")


def messages(page: Page, base: str) -> list[str]:
    page.goto(f"{base}/demo")
    return re.findall(r'href="(/demo/[\w-]+\.eml)"', page.content())


def take_board(browser: Browser, base: str) -> None:
    page = open_page(browser, LAPTOP)
    before = messages(page, base)
    page.locator('button[value="coordinator"]').click()
    form, until = page.url, time.monotonic() + _PATIENCE
    while not (fresh := [one for one in messages(page, base) if one not in before]) and time.monotonic() < until:
        time.sleep(0.2)
    page.goto(base + fresh[0])
    code = re.search(r"(?<!\d)\d{6}(?!\d)", page.locator("main").inner_text())
    page.goto(form)
    page.locator("#code").fill(code.group() if code else "")
    page.locator("main form button").last.click()
    page.goto(f"{base}/staff/scarborough?province=ON&region=toronto")
    take(page, "board")


if __name__ == "__main__":
    main()
