// What axe does not look at; each probe answers with the list of what is wrong. Used by accessibility.py.
"use strict";
globalThis.probes = (() => {
  const CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const all = (css) => [...document.querySelectorAll(css)].filter((node) => node.checkVisibility({ visibilityProperty: true }));
  const words = (node) => node.textContent.replace(/\s+/g, "");
  const called = (node) => `<${node.localName} ${node.id || node.className}> ${words(node).slice(0, 30)}`;
  const hidden = (node) => node.closest(".visually-hidden, .act > span, dd > a > span:not([translate]), .stack thead, .entries thead");

  // A6: buttons, menu, summary, checkbox rows and inputs 44 px; links that act 24 px.
  // What nobody sees is no target: a user name that stands there for password managers.
  const small = (css, least) => all(css).filter((node) => !hidden(node)).filter((node) => {
    const { width, height } = node.getBoundingClientRect();
    return Math.min(width, height) < least - 0.01;
  }).map((node) => `${called(node)} is under ${least} px`);
  const targets = () => [
    ...small("button, .button, .menu a, summary, label.choice, .site-footer a, select, textarea", 44),
    ...small("input:not([type=hidden], [type=checkbox], [type=radio])", 44),
    ...small("a.act, dd > a, .error-summary a, .notice a, .brand a, .next a", 24),
  ];

  // A8: what is called the same leads to the same place; two buttons in main are never called the same.
  const names = () => {
    const places = new Map();
    for (const node of all("main a[href], main button")) {
      const name = node.getAttribute("aria-label") || words(node);
      places.set(name, (places.get(name) || []).concat(node.href || node));
    }
    return [...places].filter(([, found]) => new Set(found).size > 1).map(([name]) => `${name} leads to different places`);
  };

  // A9: in forced colours a border alone shows where a button, a field or a box ends.
  const borders = () => all("main .button, .site-header .button, main input:not([type=radio], [type=checkbox]), summary, .notice, .error-summary")
    .filter((node) => {
      const { borderTopWidth, borderTopColor } = getComputedStyle(node.localName === "summary" ? node.parentNode : node);
      return parseFloat(borderTopWidth) < 1 || borderTopColor === getComputedStyle(document.body).backgroundColor;
    }).map((node) => `${called(node)} has no border`);

  // A value that was forgotten shows as None.
  const none = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const wrong = [];
    while (walker.nextNode()) if (/\b(None|undefined|null)\b/.test(walker.currentNode.data)) wrong.push(walker.currentNode.data.trim());
    for (const node of all("[value], [href]"))
      for (const name of ["value", "href"]) if (/\bNone\b/.test(node.getAttribute(name))) wrong.push(called(node));
    return wrong.map((text) => `None: ${text}`);
  };

  // A7: nothing reaches over the side of the window, no text is cut off.
  const sideways = () => {
    if (document.scrollingElement.scrollWidth <= innerWidth) return [];
    const wide = all("body *").filter((node) => !hidden(node) && node.getBoundingClientRect().right > innerWidth + 0.5);
    return [`scrolls sideways: ${wide.map(called).slice(-3).join("; ")}`];
  };
  const cut = () => all("main *, header *, footer *")
    .filter((node) => !hidden(node) && node.scrollHeight > node.clientHeight + 2 && getComputedStyle(node).overflowY !== "visible")
    .filter((node) => node.localName !== "textarea" && node.localName !== "input")
    .map((node) => `cut off: ${called(node)}`);

  const spacing = new CSSStyleSheet();
  spacing.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
    p { margin-block-end: 2em !important }`);
  const spaced = (on) => { document.adoptedStyleSheets = on ? [spacing] : []; };
  const text = (size) => { document.documentElement.style.fontSize = size; };

  // A4, A5: one h1, repeated in the title; ids once.
  const structure = (service = "マイページ") => {
    const headings = all("h1");
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    const title = document.title.replace(/^エラー：/, "");
    return [
      ...(headings.length === 1 ? [] : [`${headings.length} h1`]),
      ...(title === `${headings[0]?.textContent.trim()}｜${service}` ? [] : [`title ${document.title}`]),
      ...ids.filter((id, place) => ids.indexOf(id) !== place).map((id) => `id ${id} twice`),
    ];
  };

  // A3: one tab stop after the other, looked at as focus comes; `stops` keeps them for the order and for what was
  // left out, `round` tells when Tab came back to the first. Within main when header, menu and foot were looked at
  // on another screen.
  let stops, within, misplaced, round, watching;
  document.addEventListener("focusin", ({ target }) => watching && stop(target));
  const start = (main) => {
    [stops, misplaced, round, watching] = [[], [], false, false];
    within = main ? document.querySelector("main") : document.body;
    (main ? within : document.querySelector(".skip")).focus(); // an error summary stands before the h1
  };
  const watch = () => {
    watching = true;
    stop(document.activeElement);
    return all(CONTROLS).filter((node) => within.contains(node)).length;
  };
  const frame = () => {
    const body = document.body.cloneNode(true);
    body.querySelector("main").remove();
    return body.innerHTML.replace(/ (value|aria-current)="[^"]*"/g, "").replace(/\d{14}|[a-z]+-\d+-[a-z0-9]+/g, "");
  };
  const stop = (node) => {
    round ||= stops.includes(node) || (stops.length > 0 && !within.contains(node));
    if (round || !within.contains(node)) return;
    const wrong = [];
    const { outlineStyle, outlineWidth } = getComputedStyle(node);
    if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) wrong.push("has no outline of 2 px");
    if (!inView(node)) wrong.push("is not in view");
    if (stops.length && !(stops.at(-1).compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING)) wrong.push("comes out of order");
    stops.push(node);
    misplaced.push(...wrong.map((text) => `${called(node)} ${text}`));
  };
  const inView = (node) => {
    const { left, top, width, height } = node.getClientRects()[0];
    const x = left + Math.min(width / 2, 40), y = top + Math.min(height / 2, 20);
    const found = document.elementFromPoint(x, y);
    return found && (node.contains(found) || found.closest("label")?.control === node);
  };
  const stopped = () => (round || document.activeElement === document.body) && [...misplaced, ...left()];
  const left = () => all(CONTROLS)
    .filter((node) => within.contains(node) && !node.disabled && !stops.includes(node) && node.tabIndex >= 0)
    .filter((node) => node.type !== "radio" || !stops.some((other) => other.name === node.name))
    .map((node) => `${called(node)} cannot be reached by Tab`);

  return { targets, names, borders, none, sideways, cut, spaced, text, structure, frame, start, watch, stopped };
})();
