// What a reader could stumble over on an open page. Returns plain records; Python judges them.
//
// texts     every visible line of text: its box on the page, colour, where it stands
// clipped   texts of which a part is cut off by their picture or by a box that does not scroll
// overlaps  pairs of texts that lie on each other
// wide      how far the page is wider than the window, and what sticks out
(() => {
  const SLACK_PX = 1.5;
  const SHARE_OF_HEIGHT = 0.2; // A line's box is taller than its letters, above and below.

  const path = (element) => {
    const parts = [];
    for (let e = element; e && e.nodeType === 1 && parts.length < 4; e = e.parentElement) {
      const name = e.getAttribute("class");
      parts.unshift(e.tagName.toLowerCase() + (name ? "." + name.trim().split(/\s+/)[0] : ""));
    }
    return parts.join(" > ");
  };

  const isShown = (element) =>
    element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });

  // Boxes for screen readers only are a pixel large on purpose.
  const isForEarsOnly = (element) => {
    for (let e = element; e && e.nodeType === 1; e = e.parentElement) {
      const style = getComputedStyle(e);
      const box = e.getBoundingClientRect();
      if (style.position === "absolute" && box.width <= 1.5 && box.height <= 1.5) return true;
    }
    return false;
  };

  const rgba = (text) => {
    const m = text.match(/rgba?\(([^)]+)\)/);
    if (m) {
      const v = m[1].split(/[\s,/]+/).filter(Boolean).map(Number);
      return [v[0], v[1], v[2], v.length > 3 ? v[3] : 1];
    }
    const c = text.match(/color\(srgb ([^)]+)\)/);
    if (c) {
      const v = c[1].split(/[\s/]+/).filter(Boolean).map(Number);
      return [v[0] * 255, v[1] * 255, v[2] * 255, v.length > 3 ? v[3] : 1];
    }
    return null;
  };

  const opacityOf = (element) => {
    let opacity = 1;
    for (let e = element; e && e.nodeType === 1; e = e.parentElement) {
      opacity *= Number(getComputedStyle(e).opacity);
    }
    return opacity;
  };

  const inkOf = (element) => {
    const style = getComputedStyle(element);
    const isDrawn = element instanceof SVGElement;
    const colour = rgba(isDrawn ? style.fill : style.color);
    if (!colour) return null;
    const own = isDrawn ? Number(style.fillOpacity) : 1;
    const halo =
      isDrawn && style.paintOrder.startsWith("stroke") && style.stroke !== "none"
        ? rgba(style.stroke)
        : null;
    return {
      colour: [colour[0], colour[1], colour[2], colour[3] * own * opacityOf(element)],
      halo: halo,
    };
  };

  const boxOf = (rect) => ({
    left: rect.left + scrollX,
    top: rect.top + scrollY,
    right: rect.right + scrollX,
    bottom: rect.bottom + scrollY,
  });

  // What is cut off for good, and the part that is in sight where a box scrolls.
  const cutBy = (element, rect) => {
    const seen = { left: rect.left, top: rect.top, right: rect.right, bottom: rect.bottom };
    for (let e = element; e && e !== document.documentElement; e = e.parentElement) {
      if (e instanceof SVGElement) continue;
      const style = getComputedStyle(e);
      const flow = [style.overflowX, style.overflowY];
      if (flow.every((f) => f === "visible")) continue;
      const b = e.getBoundingClientRect();
      const isOut =
        rect.left < b.left - SLACK_PX ||
        rect.right > b.right + SLACK_PX ||
        rect.top < b.top - SLACK_PX ||
        rect.bottom > b.bottom + SLACK_PX;
      if (!isOut) continue;
      if (!flow.some((f) => f === "auto" || f === "scroll")) return { by: path(e), seen };
      seen.left = Math.max(seen.left, b.left);
      seen.top = Math.max(seen.top, b.top);
      seen.right = Math.min(seen.right, b.right);
      seen.bottom = Math.min(seen.bottom, b.bottom);
    }
    return { by: null, seen };
  };

  const texts = [];
  const clipped = [];
  const add = (element, rect, text) => {
    if (rect.width < 0.5 || rect.height < 0.5) return;
    const cut = cutBy(element, rect);
    if (cut.by) {
      clipped.push({ text, where: path(element), by: cut.by });
      return;
    }
    // Scrolled out of its box: it is looked at where the box is shown wider.
    if (cut.seen.right - cut.seen.left < 1 || cut.seen.bottom - cut.seen.top < 1) return;
    const style = getComputedStyle(element);
    if (rect.left + scrollX < -SLACK_PX || rect.top + scrollY < -SLACK_PX) {
      clipped.push({ text, where: path(element), by: "the edge of the page" });
    }
    texts.push({
      text,
      where: path(element),
      box: boxOf(cut.seen),
      ink: inkOf(element),
      size: parseFloat(style.fontSize),
      isDrawn: element instanceof SVGElement,
    });
  };

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    const element = node.parentElement;
    if (!text || !element || element.closest("script, style, title, desc, template")) continue;
    if (!isShown(element) || isForEarsOnly(element)) continue;
    const drawing = element.closest("svg");
    if (drawing && element.closest("defs, symbol")) continue;
    range.selectNodeContents(node);
    for (const rect of range.getClientRects()) add(element, rect, text.slice(0, 60));
    if (drawing) {
      // Text that runs out of its picture is cut there.
      const b = drawing.getBoundingClientRect();
      const t = element.getBoundingClientRect();
      const isVisible = getComputedStyle(drawing).overflow === "visible";
      const isOut =
        t.left < b.left - SLACK_PX || t.right > b.right + SLACK_PX ||
        t.top < b.top - SLACK_PX || t.bottom > b.bottom + SLACK_PX;
      if (isOut && !isVisible) {
        clipped.push({ text: text.slice(0, 60), where: path(element), by: "its picture" });
      }
    }
  }

  const core = (box) => {
    const trim = SHARE_OF_HEIGHT * (box.bottom - box.top);
    return { ...box, top: box.top + trim, bottom: box.bottom - trim };
  };
  const overlaps = [];
  const sorted = texts.map((t) => ({ t, box: core(t.box) })).sort((a, b) => a.box.top - b.box.top);
  for (let i = 0; i < sorted.length; i++) {
    for (let j = i + 1; j < sorted.length && sorted[j].box.top < sorted[i].box.bottom; j++) {
      const a = sorted[i].box, b = sorted[j].box;
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > SLACK_PX && height > SLACK_PX) {
        overlaps.push({
          a: sorted[i].t.text, b: sorted[j].t.text,
          where: sorted[i].t.where, at: [Math.round(a.left), Math.round(a.top)],
        });
      }
    }
  }

  const limit = document.documentElement.clientWidth;
  const wide = [];
  if (document.documentElement.scrollWidth > limit + 1) {
    for (const element of document.body.querySelectorAll("*")) {
      const rect = element.getBoundingClientRect();
      const isWide = rect.width && rect.right + scrollX > limit + 1;
      if (isWide && cutBy(element, rect).seen.right + scrollX > limit + 1) wide.push(path(element));
    }
  }
  return { texts, clipped, overlaps, wide: [...new Set(wide)].slice(0, 5) };
})();
