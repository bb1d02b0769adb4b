// What htmx leaves to us: focus, the live region, slow and failed requests, the time-out. Its comments
// and indentation are not sent (app/web/static_files.py).
const now = Date.now, $ = (id) => document.getElementById(id);
const all = (css, act) => document.querySelectorAll(css).forEach(act);
const on = (names, act) => names.split(" ").forEach((name) => addEventListener(name, act, 1));
const show = (box) => {
  box.hidden = false;
  say(box.textContent);
};

const say = (text) => {
  $("announce").textContent = "";
  setTimeout(() => $("announce").textContent = text, 100);
};

// A summary that is taller than the window is read from its heading on.
const look = (node) => {
  node?.focus();
  if (node?.getBoundingClientRect().top < 0) node.scrollIntoView();
};

// Focus goes to the error summary, else [data-focus], never <body>.
let said, from, typed, left, asked = now();
on("htmx:after:settle", ({ detail: { task, newContent } }) => {
  if (task.type !== "main") return;
  const pick = (css) => newContent.map((node) => node.matches?.(css) ? node : node.querySelector?.(css)).find(Boolean);
  const wrong = pick(".error-summary");
  if (task.target.id === "main") typed = wrong, scrollTo(0, 0);
  look(wrong || pick("[data-focus]"));
  for (const next of [from, task.target.closest("details")?.firstElementChild, $("main")])
    if (document.activeElement === document.body) next?.focus({ preventScroll: true });
  said = pick("[data-announce]")?.dataset.announce;
});
on("htmx:finally:swap", ({ detail: { ctx } }) => {
  said ||= ctx.swap !== "none" && ctx.title && document.title;
  if (said) say(said), said = "";
});

// Back from a confirm page leads to what was typed.
on("htmx:before:history:update", ({ detail }) =>
  history.replaceState(history.state, "", detail.response.headers.get("X-Back")));

const slow = new Map();
on("htmx:before:request", ({ detail: { ctx } }) => {
  $("notice").hidden = true;
  // Up a moment before a new page comes, so that nothing in view is moved by it.
  if (ctx.target?.id === "main") ctx.fetch = async (...to) => {
    const got = await fetch(...to);
    if (got.status < 500 && got.headers.has("HX-Retarget")) scrollTo(0, 0), await new Promise((end) => setTimeout(end, 50));
    return got;
  };
  slow.set(ctx, setTimeout(() => {
    if (ctx.target) ctx.target.ariaBusy = true;
    show($("loading"));
  }, 300));
});
on("htmx:after:request htmx:finally:request", ({ detail: { ctx } }) => {
  clearTimeout(slow.get(ctx));
  slow.delete(ctx);
  if (slow.size) return;
  $("loading").hidden = true;
  all("[aria-busy]", (node) => node.ariaBusy = null);
});

// Whoever leaves the page ends its requests, which is no failure. An iPhone tells of no beforeunload.
on("beforeunload click submit", ({ target }) => {
  if (target.closest?.(":is(a,form):not([data-hx-target])") !== null) left = now();
});
on("htmx:error htmx:response:error", ({ detail }) => {
  const { target, response: got } = detail.ctx;
  if (got?.status < 500 || now() - left < 1e3) return;
  // What was to be filled may have a place for it.
  const box = target?.querySelector(":scope > .failed") || $("notice");
  // A proxy's own page has no number.
  box.firstChild.data = got ? box.dataset.failed + (got.headers.get("X-Request-Id") ?? "なし") : box.dataset.offline;
  show(box);
});

// Safari focuses nothing that is tapped.
on("click", ({ target }) => target.closest("a,button,summary")?.focus());

// All tabs share a session; typing extends it, once a minute.
const touch = () => { if ($("timeout")) localStorage.used = now(); };
on("htmx:after:request", touch);
const extend = async () => {
  if (!$("timeout")?.dataset.idleSeconds || now() - asked < 6e4) return;
  asked = now();
  const answer = await fetch("/session/extend", {
    method: "POST",
    headers: { "HX-Request": "true", "HX-Target": "a#timeout" }
  }).catch(() => "");
  if (answer.ok) touch();
  if (answer.status != 401) return;
  all("[name^=password],[name=card_number]", (node) => node.value = "");
  $("timeout").outerHTML = await answer.text();
  show($("timeout"));
};
on("input", ({ target }) => {
  // So that the style knows an empty date, which Safari fills with today.
  if (target.type === "date") target.defaultValue = target.value;
  if (typed ||= target.closest("main [method=post]")) extend();
});
setInterval(() => {
  const box = $("timeout"), rest = box?.dataset.idleSeconds - (now() - localStorage.used) / 1e3;
  if (rest < 0 && typed) extend();
  else if (rest < 0) location = "/login?expired=1&next=" + encodeURIComponent(location.pathname + location.search);
  else if (rest > 300) box.hidden = true;
  else if (box?.hidden) from = document.activeElement, show(box);
}, 1e3);

// No page from before logout, no focus behind the menu, which opens where its current entry is.
on("toggle", ({ target }) => target.popover && target.querySelector("[aria-current]")?.scrollIntoView());
on("pageshow", ({ persisted }) => persisted && location.reload());
on("focusin", ({ target }) => target.closest("#menu") || $("menu")?.hidePopover?.());

touch();
look(typed = document.querySelector(".error-summary,[data-typed]"));
