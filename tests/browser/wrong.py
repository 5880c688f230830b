"""What is looked for within a page: each a script that returns complaints."""

from typing import Final

READABLE: Final = """() => {
  // https://www.w3.org/TR/WCAG22/#contrast-minimum
  const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const curve = (c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const channel = (it) => curve(it / 255);
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const ground = (el) => {
    for (let at = el; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const el = words.currentNode.parentElement, text = words.currentNode.textContent.trim();
    if (!text || !el.checkVisibility()) continue;
    const style = getComputedStyle(el), inPicture = el.closest("svg");
    const box = inPicture && el.closest("a")?.querySelector("rect");
    const ink = parse(inPicture ? style.fill : style.color);
    const under = box ? parse(getComputedStyle(box).fill) : ground(el);
    if (el.tagName === "title" || (inPicture && !box)) continue;
    const [high, low] = [light(ink), light(under)].sort((a, b) => b - a);
    const ratio = (high + .05) / (low + .05);
    if (ratio < 4.5) found.add(`${ratio.toFixed(2)} to 1: ${text.slice(0, 40)}`);
  }
  return [...found];
}"""

NARROW_ENOUGH: Final = """() => {
  const wide = document.documentElement.scrollWidth, screen = innerWidth;
  return wide > screen ? [`is ${wide} wide on a screen of ${screen}`] : [];
}"""

OPERABLE: Final = """() => {
  const found = [];
  for (const el of document.querySelectorAll("a, button, summary")) {
    if (!el.checkVisibility() || el.classList.contains("skip")) continue;
    if (el.tabIndex < 0) found.push(`not reached by keyboard: ${el.textContent.trim()}`);
    const name = el.getAttribute("aria-label") || el.textContent.trim();
    if (!name) found.push(`has no name: ${el.outerHTML.slice(0, 80)}`);
  }
  const ids = [...document.querySelectorAll("[id]")].map((el) => el.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at))) {
    found.push(`stands there twice: ${id}`);
  }
  for (const el of document.querySelectorAll("a[href^='#']")) {
    const id = decodeURIComponent(el.getAttribute("href").slice(1));
    if (!document.getElementById(id)) found.push(`leads nowhere: ${id}`);
  }
  return found;
}"""
