// What htmx leaves to us: focus, the live region, slow and failed requests, shown passwords, the time-out.
// Everything works without this file; nothing here talks to the server by itself.
"use strict";
{
  const $ = (id) => document.getElementById(id);
  const on = (names, act) => names.split(" ").forEach((name) => document.addEventListener(name, act, true));

  // Emptied first: the same words twice are otherwise read once.
  const announce = (text) => {
    $("announce").textContent = "";
    setTimeout(() => { $("announce").textContent = text; }, 100);
  };

  // Focus goes to the error summary, else to [data-focus]; never stays on <body>.
  let spoken, cameFrom;
  on("htmx:after:settle", ({ detail: { task, newContent } }) => {
    showButtons();
    if (task.type !== "main") return;
    const pick = (selector) => newContent.map((node) => node.matches?.(selector) ? node : node.querySelector?.(selector)).find(Boolean);
    if (task.target.id === "main") scrollTo(0, 0);
    (pick(".error-summary") || pick("[data-focus]"))?.focus();
    if (document.activeElement === document.body) (cameFrom?.isConnected ? cameFrom : $("main")).focus({ preventScroll: true });
    spoken = pick("[data-announce]")?.dataset.announce;
  });
  on("htmx:finally:swap", ({ detail: { ctx } }) => {
    const title = ctx.swap !== "none" && ctx.title && document.title;
    if (spoken || title) announce(spoken || title);
    spoken = "";
  });

  // A refused form is still the same page: no new entry in the history.
  on("htmx:before:history:update", (event) => {
    if (event.detail.response?.status >= 400) event.preventDefault();
  });

  const waiting = new Map();
  on("htmx:before:request", ({ detail: { ctx } }) => {
    $("notice").hidden = true;
    waiting.set(ctx, setTimeout(() => {
      ctx.target?.setAttribute("aria-busy", "true");
      $("loading").hidden = false;
      announce($("loading").textContent);
    }, 300));
  });
  on("htmx:after:request htmx:finally:request", ({ detail: { ctx } }) => {
    clearTimeout(waiting.get(ctx));
    waiting.delete(ctx);
    ctx.target?.removeAttribute?.("aria-busy");
    if (!waiting.size) $("loading").hidden = true;
  });

  const fail = (text, ctx) => {
    const unsure = ctx?.request.method === "POST" ? "お手続きが済んだかどうかは、お手続き履歴でご確認ください。" : "";
    $("notice").textContent = text + unsure;
    $("notice").hidden = false;
    announce(text + unsure);
  };
  on("htmx:error", ({ detail: { ctx } }) => fail("通信できませんでした。接続を確かめて、もう一度お試しください。", ctx));
  on("htmx:response:error", ({ detail: { ctx } }) => {
    if (ctx.response.status >= 500) fail("処理を完了できませんでした。しばらくしてから、もう一度お試しください。", ctx);
  });

  const showButtons = () => document.querySelectorAll(".show[hidden]").forEach((button) => { button.hidden = false; });
  const reveal = (button, shown) => {
    $(button.dataset.show).type = shown ? "text" : "password";
    button.firstElementChild.textContent = shown ? "パスワードを隠す" : "パスワードを表示";
  };
  on("click", ({ target }) => {
    const button = target.closest("[data-show]");
    if (button) reveal(button, $(button.dataset.show).type === "password");
  });
  on("submit", ({ target }) => target.querySelectorAll("[data-show]").forEach((button) => reveal(button, false)));

  // The last request is kept where the other tabs see it: the session is one for all of them.
  const LAST = "mypage-last-request", WARNING = 300;
  const touch = () => { if ($("timeout")) localStorage.setItem(LAST, Date.now()); };
  on("htmx:after:request", touch);
  setInterval(() => {
    const box = $("timeout");
    if (!box) return;
    const left = box.dataset.idleSeconds - (Date.now() - localStorage.getItem(LAST)) / 1000;
    if (left <= 0) {
      location.href = "/login?expired=1&next=" + encodeURIComponent(location.pathname + location.search);
    } else if (left > WARNING) {
      box.hidden = true;
    } else if (box.hidden) {
      cameFrom = document.activeElement;
      box.hidden = false;
      announce(box.textContent);
    }
  }, 1000);

  showButtons();
  touch();
  document.querySelector(".error-summary")?.focus();
}
