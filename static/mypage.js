// What htmx leaves to us: focus, the live region, slow and failed requests, shown passwords, the time-out.
"use strict";
const $ = (id) => document.getElementById(id);
const on = (names, act) => names.split(" ").forEach((name) => addEventListener(name, act, true));
const show = (id, text) => {
  $(id).hidden = false;
  announce(text || $(id).textContent);
};

// Emptied first, or repeated words go unread.
const announce = (text) => {
  $("announce").textContent = "";
  setTimeout(() => { $("announce").textContent = text; }, 100);
};

// Focus goes to the error summary, else [data-focus], never <body>.
let spoken, cameFrom;
on("htmx:after:settle", ({ detail: { task, newContent } }) => {
  unhide();
  if (task.type !== "main") return;
  const pick = (css) => newContent.map((node) => node.matches?.(css) ? node : node.querySelector?.(css)).find(Boolean);
  if (task.target.id === "main") scrollTo(0, 0);
  (pick(".error-summary") || pick("[data-focus]"))?.focus();
  for (const next of [cameFrom, $("main")])
    if (document.activeElement === document.body) next?.focus({ preventScroll: true });
  spoken = pick("[data-announce]")?.dataset.announce;
});
on("htmx:finally:swap", ({ detail: { ctx } }) => {
  spoken ||= ctx.swap !== "none" && ctx.title && document.title;
  if (spoken) announce(spoken);
  spoken = "";
});

// A refused form makes no entry in the history.
on("htmx:before:history:update", (event) => {
  if (event.detail.response?.status > 399) event.preventDefault();
});

const slow = new Map();
on("htmx:before:request", ({ detail: { ctx } }) => {
  $("notice").hidden = true;
  slow.set(ctx, setTimeout(() => {
    ctx.target?.setAttribute("aria-busy", "true");
    show("loading");
  }, 300));
});
on("htmx:after:request htmx:finally:request", ({ detail: { ctx } }) => {
  clearTimeout(slow.get(ctx));
  slow.delete(ctx);
  if (slow.size) return;
  $("loading").hidden = true;
  document.querySelectorAll("[aria-busy]").forEach((node) => node.removeAttribute("aria-busy"));
});

const fail = (text, ctx) => {
  if (ctx?.request.method === "POST") text += "手続きが済んだかどうかは、お手続き履歴でご確認ください。";
  $("notice").textContent = text;
  show("notice");
};
on("htmx:error", ({ detail: { ctx } }) => fail("通信できませんでした。もう一度お試しください。", ctx));
on("htmx:response:error", ({ detail: { ctx } }) => {
  if (ctx.response.status > 499) fail("処理を完了できませんでした。しばらくしてからお試しください。", ctx);
});

const unhide = () => document.querySelectorAll(".show").forEach((button) => { button.hidden = false; });
const reveal = (button, shown) => {
  $(button.dataset.show).type = shown ? "text" : "password";
  button.firstChild.textContent = shown ? "パスワードを隠す" : "パスワードを表示";
};
on("click", ({ target }) => {
  const button = target.closest(".show");
  if (button) reveal(button, $(button.dataset.show).type === "password");
});
on("submit", ({ target }) => target.querySelectorAll(".show").forEach((button) => reveal(button, false)));

// One session for all tabs: they share the time of its last request.
const touch = () => { if ($("timeout")) localStorage.lastRequest = Date.now(); };
on("htmx:after:request", touch);
setInterval(() => {
  const box = $("timeout");
  if (!box) return;
  const left = box.dataset.idleSeconds - (Date.now() - localStorage.lastRequest) / 1000;
  if (left < 0) {
    location = "/login?expired=1&next=" + encodeURIComponent(location.pathname + location.search);
  } else if (left > 300) {
    box.hidden = true;
  } else if (box.hidden) {
    cameFrom = document.activeElement;
    show("timeout");
  }
}, 1000);

// Back after logout shows no kept page.
on("pageshow", (event) => { if (event.persisted) location.reload(); });

// Focus never goes behind the open menu.
on("focusin", ({ target }) => {
  if (!target.closest("#menu")) $("menu")?.hidePopover();
});

unhide();
touch();
document.querySelector(".error-summary")?.focus();
