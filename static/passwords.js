// The buttons that show what was typed as a password (partials/layout/form.html). It comes with each of them.
(() => {
  "use strict";
  const each = (act) => document.querySelectorAll(".show").forEach(act);
  const unhide = () => each((button) => { button.hidden = false; });
  unhide();
  if (window.passwordsCanBeSeen) return;
  window.passwordsCanBeSeen = true;

  const see = (button, seen) => {
    document.getElementById(button.dataset.show).type = seen ? "text" : "password";
    button.firstChild.textContent = `パスワードを${seen ? "隠す" : "表示"}`;
  };
  const on = (type, act) => addEventListener(type, act, true);
  on("htmx:after:settle", unhide);
  on("click", ({ target }) => {
    const button = target.closest(".show");
    if (button) see(button, document.getElementById(button.dataset.show).type === "password");
  });
  on("submit", () => each((button) => see(button, false)));
})();
