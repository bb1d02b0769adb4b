// Forms that a passkey fills in (partials/layout/passkey.html). It comes with each panel that has one, and runs once.
(() => {
  "use strict";
  if (window.showPasskeys) return window.showPasskeys();
  const able = window.isSecureContext && window.PublicKeyCredential;
  const forms = () => [...document.querySelectorAll("form[data-passkey]")];
  window.showPasskeys = () => {
    pressed = false;
    if (!able) return; // the text that stands there instead stays
    for (const form of forms()) {
      form.hidden = false;
      form.elements.credential.value = "";
    }
    document.querySelectorAll("[data-without-passkeys]").forEach((text) => { text.hidden = true; });
    offer();
  };

  // By hand: Safari before 18.4 and some password managers lack parse…OptionsFromJSON() and toJSON().
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));
  const read = (options) => ({ ...options, challenge: bytes(options.challenge), ...(options.user
    ? { user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: named(options.excludeCredentials) }
    : { allowCredentials: named(options.allowCredentials) }) });
  const written = (made) => {
    const response = { clientDataJSON: text(made.response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (made.response[part]) response[part] = text(made.response[part]);
    if (made.response.getTransports) response.transports = made.response.getTransports();
    return { id: made.id, rawId: text(made.rawId), type: made.type, response, clientExtensionResults: {} };
  };

  const WORDS = {
    NotAllowedError: "パスキーの確認が中止されたか、時間切れになりました。もう一度お試しください。",
    InvalidStateError: "この端末のパスキーは、すでに登録されています。",
  };
  const say = (form, words) => {
    const said = form.querySelector("[data-said]");
    said.hidden = !words;
    said.textContent = words;
  };

  let waiting, pressed; // the browser takes one request at a time, and one that somebody pressed for is not disturbed
  async function ask(form, mediation) {
    waiting?.abort();
    const mine = waiting = new AbortController();
    pressed = !mediation;
    try {
      const answer = await fetch(form.dataset.options, { signal: mine.signal });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const publicKey = read(await answer.json());
      const made = await navigator.credentials[form.dataset.passkey]({ publicKey, mediation, signal: mine.signal });
      form.elements.credential.value = JSON.stringify(written(made));
      form.requestSubmit();
    } catch (error) {
      if (mine.signal.aborted || mediation) return; // nobody asked for it: nobody is told
      pressed = false;
      say(form, WORDS[error.name] || "パスキーを使えませんでした。画面を再読み込みして、もう一度お試しください。");
      offer();
    }
  }

  // In the browser's own list of names at the login field; anew before its challenge is too old.
  async function offer() {
    const form = document.querySelector("form[data-autofill]");
    if (form && !pressed && await able.isConditionalMediationAvailable?.()) ask(form, "conditional");
  }
  setInterval(() => { if (able && !document.hidden) offer(); }, 240_000);

  addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.passkey || form.elements.credential.value) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    say(form, "");
    ask(form);
  }, true);
  window.showPasskeys();
})();
