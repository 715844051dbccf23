"""Opens pages in a real Chromium and says what is wrong with them.

Reads a JSON list of {"name", "file", "width", "height", "dark"} on its standard input, and takes a screenshot of each at
SCREENSHOTS/<name>.png. Prints a JSON object: for each name a list of faults. Speaks the DevTools protocol through a pair
of pipes, so that it needs nothing but Python.

    browser.py CHROMIUM SCREENSHOTS
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# What is wrong in the page as it is drawn.
CHECK = r"""
(() => {
  const faults = [];
  const say = (what, element) => {
    const text = (element.textContent || '').trim().slice(0, 40);
    faults.push(`${what}: <${element.tagName.toLowerCase()} class="${element.getAttribute('class') || ''}"> ${text}`);
  };
  document.querySelectorAll('details').forEach(details => { details.open = true; });
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    faults.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`);
  }
  const isScrolled = element => element.closest('.scroll') !== null;
  for (const element of document.querySelectorAll('body *')) {
    const box = element.getBoundingClientRect();
    if (box.width > 0 && (box.right > width + 1 || box.left < -1) && !isScrolled(element)) say('it leaves the window', element);
    const style = getComputedStyle(element);
    if (element.tagName !== 'svg' && !element.closest('svg') && style.overflowX === 'visible' && style.display !== 'inline'
        && element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) say('its content leaves it', element);
  }
  const channel = value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = text => text.match(/[\d.]+/g).map(Number);
  const luminance = colour => {
    const [red, green, blue] = colour.map(value => channel(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const background = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || element.closest('svg, style, script') || element.getClientRects().length === 0) continue;
    seen += 1;
    const [one, two] = [parse(getComputedStyle(element).color).slice(0, 3), background(element)].map(luminance);
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (ratio < 4.5) say(`contrast ${ratio.toFixed(2)}`, element);
    if (parseFloat(getComputedStyle(element).fontSize) < 11) say('its text is too small', element);
  }
  if (seen < 20) faults.push(`only ${seen} texts are shown`);
  for (const figure of document.querySelectorAll('figure')) {
    const table = figure.querySelector('details table');
    const svg = figure.querySelector('svg');
    if (!svg || !svg.getAttribute('aria-label') || svg.querySelectorAll('rect, polyline, circle').length < 3) say('no chart', figure);
    if (!table || !table.caption || table.tBodies[0].rows.length === 0) say('no table behind the chart', figure);
  }
  for (const shape of document.querySelectorAll('svg rect')) {
    if (/^rgb\(0, 0, \d+\)$/.test(getComputedStyle(shape).fill)) { say('a colour without a style', shape.closest('figure')); break; }
  }
  const ids = [...document.querySelectorAll('[id]')].map(element => element.id);
  if (new Set(ids).size !== ids.length) faults.push('an id is there twice');
  for (const link of document.querySelectorAll('a')) {
    const target = link.getAttribute('href');
    if (!target.startsWith('#') || !ids.includes(target.slice(1))) say('a link that leads nowhere', link);
  }
  if (document.querySelector('script, iframe, img, object, embed, form, link')) faults.push('an element that has no place here');
  const loaded = performance.getEntriesByType('resource');
  if (loaded.length > 0) faults.push(`it loads ${loaded[0].name}`);
  document.querySelectorAll('details').forEach(details => { details.open = false; });
  return [...new Set(faults)].slice(0, 20);
})()
"""


class Browser:
    """A running Chromium with one page."""

    def __init__(self, program, profile):
        # The browser's ends become 3 and 4; none of the pipes may have these numbers before.
        low = [os.open(os.devnull, os.O_RDONLY) for _ in range(2)]
        to_browser, own_input = os.pipe()
        own_output, from_browser = os.pipe()

        def connect():
            os.dup2(to_browser, 3)
            os.dup2(from_browser, 4)

        arguments = [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-extensions", "--disable-background-networking", f"--user-data-dir={profile}",
                     "--remote-debugging-pipe", "about:blank"]
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, preexec_fn=connect, close_fds=False)
        for end in [*low, to_browser, from_browser]:
            os.close(end)
        self.input, self.output = os.fdopen(own_input, "wb", 0), os.fdopen(own_output, "rb")
        self.number, self.session, self.events, self.rest = 0, None, [], b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log"]:
            self.call(f"{domain}.enable")

    def read(self):
        while b"\0" not in self.rest:
            part = os.read(self.output.fileno(), 1 << 20)
            if not part:
                sys.exit("the browser ended")
            self.rest += part
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        self.input.write(json.dumps(request).encode() + b"\0")
        while True:
            message = self.read()
            if message.get("id") == self.number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]
            self.events.append(message)

    def open(self, address):
        self.events.clear()
        self.call("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.read())

    def errors(self):
        """What the console says."""
        for event in self.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                yield parameters["exceptionDetails"]["text"]
            if method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
                yield parameters["entry"]["text"]
            if method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
                yield str(parameters["args"])

    def close(self):
        self.process.kill()
        self.process.wait()


def visit(browser, case, folder):
    scheme = "dark" if case["dark"] else "light"
    size = {"width": case["width"], "height": case["height"], "deviceScaleFactor": 1, "mobile": case["width"] < 600}
    browser.call("Emulation.setDeviceMetricsOverride", **size)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(pathlib.Path(case["file"]).resolve().as_uri())
    answer = browser.call("Runtime.evaluate", expression=CHECK, returnByValue=True)
    if "exceptionDetails" in answer:
        sys.exit(str(answer["exceptionDetails"]))
    image = browser.call("Page.captureScreenshot", captureBeyondViewport=True)
    (folder / f"{case['name']}.png").write_bytes(base64.b64decode(image["data"]))
    return answer["result"]["value"] + [f"the console says: {error}" for error in browser.errors()]


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    cases = json.load(sys.stdin)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, profile)
        try:
            print(json.dumps({case["name"]: visit(browser, case, folder) for case in cases}))
        finally:
            browser.close()


main()
