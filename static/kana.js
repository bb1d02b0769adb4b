// 氏名カナ follows 氏名 while it is typed: an input method shows the reading before it converts it. A kana field names the
// field that it follows in data-kana (partials/layout/form.html). What was corrected by hand is never overwritten, when
// its form comes back with an error or from its confirm page either: the tab remembers the field, and nothing of its text.
(() => {
  "use strict";
  if (window.kanaFollows) return; // it comes with each panel that has such fields
  window.kanaFollows = true;

  const states = new WeakMap();
  let corrected;
  // A browser that keeps nothing forgets it with the page.
  try { corrected = sessionStorage; } catch { corrected = {}; }
  // Of a form that does not come back from a confirm page nothing is known yet.
  if (!/[?&]change=/.test(location.search))
    for (const name of Object.keys(corrected)) if (name.startsWith("kana ")) delete corrected[name];
  const isCorrected = (kana) => `kana ${kana.id}` in corrected;
  const correct = ({ id, value }) => value ? corrected[`kana ${id}`] = "by hand" : delete corrected[`kana ${id}`];
  const kanaOf = (name) => name.id && document.querySelector(`[data-kana="${name.id}"]`);

  // The reading of a text that is kana alone, as the server reads it (domain/fields/reading.py); else null.
  const reading = (text) => {
    const wide = text.normalize("NFKC").replace(/[ぁ-ゖ]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) + 0x60));
    return /^[ァ-ヺー・]*$/.test(wide) ? wide : null;
  };

  // The field as pieces of text, each with its reading, or null where nobody knows it (pasted, or cut in two).
  const piece = (text, kana) => text ? [{ text, kana }] : [];
  const known = (pieces) => pieces.every(({ kana }) => kana !== null);
  const join = (pieces) => pieces.map(({ kana }) => kana).join("");
  const part = ({ text, kana }, from, to) => {
    const cut = text.slice(from, to);
    return piece(cut, cut === text ? kana : reading(cut));
  };
  const replaced = (pieces, from, to, middle) => {
    let at = 0;
    const before = [], after = [];
    for (const one of pieces) {
      const [start, end] = [at, at += one.text.length];
      if (start < from) before.push(...part(one, 0, Math.min(from, end) - start));
      if (end > to) after.push(...part(one, Math.max(to, start) - start));
    }
    return [...before, ...middle, ...after];
  };

  const stateOf = (name) => {
    const kana = kanaOf(name);
    if (kana && !states.has(name))
      states.set(name, { text: name.value, pieces: piece(name.value, reading(kana.value) || null) });
    return kana && states.get(name);
  };
  const show = (name, pieces) => {
    const kana = kanaOf(name);
    if (known(pieces) && !isCorrected(kana)) kana.value = join(pieces);
  };

  // What an input method shows: kana, with the letters of a syllable that is not finished; then what it makes of them.
  const LETTERS = /[a-zａ-ｚ]+/gi;
  const heard = (typing, shown) => {
    const { shown: old, bare: oldBare } = typing, bare = shown.replace(LETTERS, ""), kana = reading(bare);
    const cut = old.startsWith(shown) && old.slice(shown.length);
    if (shown === old) return;
    [typing.shown, typing.bare] = [shown, bare];
    if (kana || !shown) typing.kana = kana || null;
    else if (shown === typing.rest) typing.kana = ""; // the part before has the reading of both
    else if (typing.kana === null) return;
    else if (cut && reading(cut)) typing.kana = typing.kana.replace(new RegExp(`${reading(cut)}$`), "");
    else if (cut) typing.left = cut;
    // Some convert while one types: kana behind that is new. Else a last n became ん as it was converted.
    else if (/[a-zａ-ｚ]$/i.test(old) || bare.startsWith(oldBare))
      typing.kana += added(oldBare, bare) || (bare === shown && /[^nｎ][nｎ]$/i.test(old) ? "ン" : "");
  };
  const added = (old, bare) => {
    const [before, after] = [old, bare].map((text) => text.match(/[ぁ-ゖァ-ヺー]*$/)[0]);
    return reading(after.startsWith(before) ? after.slice(before.length) : after);
  };
  const preview = (name, state) => {
    const { from, to, shown, kana } = state.typing;
    show(name, replaced(state.pieces, from, to, piece(shown, kana ?? "")));
  };

  // The field holds another text now: what was typed with an input method, or any other edit.
  const settle = (name) => {
    const state = states.get(name), value = name.value, old = state.text, { typed } = state;
    state.typed = null;
    if (value === old) return;
    if (typed && value === old.slice(0, typed.from) + typed.shown + old.slice(typed.to))
      state.pieces = replaced(state.pieces, typed.from, typed.to, piece(typed.shown, typed.kana));
    else {
      let from = 0, end = 0;
      while (from < Math.min(old.length, value.length) && old[from] === value[from]) from++;
      while (end < Math.min(old.length, value.length) - from && old.at(-1 - end) === value.at(-1 - end)) end++;
      const added = value.slice(from, value.length - end);
      state.pieces = replaced(state.pieces, from, old.length - end, piece(added, reading(added)));
    }
    state.text = value;
    show(name, state.pieces);
  };

  const on = (type, act) => addEventListener(type, (event) => {
    const { target } = event;
    if (target.dataset?.kana && type === "input") correct(target);
    const state = target.localName === "input" && stateOf(target);
    if (state) act(target, state, event);
  }, true);
  on("focusin", (name) => settle(name));
  on("compositionstart", (name, state) => {
    settle(name);
    state.typing = { from: name.selectionStart, to: name.selectionEnd, shown: "", bare: "", kana: null, rest: state.rest };
    state.rest = "";
  });
  on("compositionupdate", (name, state, { data }) => {
    if (!state.typing) return;
    heard(state.typing, data);
    preview(name, state);
  });
  on("compositionend", (name, state, { data }) => {
    if (!state.typing) return;
    heard(state.typing, data);
    [state.typed, state.typing, state.rest] = [state.typing, null, state.typing.left];
    setTimeout(() => settle(name)); // Firefox changes the field after this
  });
  on("input", (name, state) => state.typing || settle(name));
})();
