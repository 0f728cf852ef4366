"""What a page is asked in a browser."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from playwright.sync_api import Page

OpenPage = Callable[..., AbstractContextManager[Page]]

CONTRASTS = """
() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = (colour) => {
    const [r, g, b] = parts(colour).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let item = element; item; item = item.parentElement) {
      const colour = getComputedStyle(item).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour) && !/\\/ 0/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const found = {};
  for (const element of document.querySelectorAll("p, h1, h2, h3, th, td, dd, dt, li, a, b, " +
      "figcaption, summary, .hint, .sign, code, label, figure svg text")) {
    if (!element.textContent.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const [high, low] = [light(colour), light(behind(element))].sort((a, b) => b - a);
    found[`${element.localName}.${element.getAttribute("class")}`] = (high + 0.05) / (low + 0.05);
  }
  return found;
}
"""
