/** Small helpers around the DOM. Text always goes in as text nodes, never as markup. */

import { icon } from "./icons.js";

export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "on") for (const [event, run] of Object.entries(value)) node.addEventListener(event, run);
    else if (name === "class") node.className = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (["value", "checked", "disabled", "selected", "indeterminate"].includes(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

let counter = 0;
export const uid = (prefix = "x") => `${prefix}-${(counter += 1)}`;

export function button(label, run, props = {}) {
  return h("button", { type: "button", ...props, on: { click: run } }, label);
}

/** A button whose label is a sign (the name of an icon, or characters); its name is read aloud and shown as a tooltip. */
export function iconButton(sign, name, run, props = {}) {
  return h("button", { type: "button", title: name, "aria-label": name, class: "icon", ...props, on: { click: run } },
    typeof sign === "string" && /^[a-z]+$/.test(sign) ? icon(sign) : h("span", { "aria-hidden": "true" }, sign));
}

/**
 * Bring the children of `box` up to date: nodes whose fingerprint is the same stay, with their focus and caret.
 * `items` are {key, print, make}.
 */
export function reconcile(box, items) {
  const known = box.known ?? (box.known = new Map());
  const focus = rememberFocus(box);
  const next = new Map();
  let place = box.firstChild;
  for (const item of items) {
    const old = known.get(item.key);
    const keep = old && old.print === item.print;
    const node = keep ? old.node : item.make();
    next.set(item.key, { node, print: item.print });
    if (place === node) place = node.nextSibling;
    else box.insertBefore(node, place);
  }
  const wanted = new Set([...next.values()].map((entry) => entry.node));
  for (const child of [...box.childNodes]) if (!wanted.has(child)) child.remove();
  box.known = next;
  restoreFocus(box, focus);
}

export function forget(box) {
  box.known = new Map();
  box.replaceChildren();
}

/** Elements that may be drawn anew carry data-fk, a name that stays the same. */
function rememberFocus(box) {
  const active = document.activeElement;
  if (!active || !box.contains(active)) return null;
  const key = active.closest("[data-fk]")?.dataset.fk;
  const home = active.closest("[data-home]")?.dataset.home;
  const caret = typeof active.selectionStart === "number" ? [active.selectionStart, active.selectionEnd] : null;
  return { active, key, home, caret };
}

function restoreFocus(box, was) {
  if (!was || (document.activeElement !== document.body && document.activeElement === was.active)) return;
  const scope = was.home ? box.querySelector(`[data-home="${CSS.escape(was.home)}"]`) : box;
  const target = (was.key && (scope ?? box).querySelector(`[data-fk="${CSS.escape(was.key)}"]`)) || (was.home && scope);
  if (!target) return;
  target.focus({ preventScroll: true });
  if (was.caret && target.setSelectionRange && target.type !== "email" && target.type !== "number") {
    target.setSelectionRange(...was.caret);
  }
}

/** Arrow keys, Home and End move between the elements that `find` returns. */
export function arrows(box, find, { across = false } = {}) {
  box.addEventListener("keydown", (event) => {
    const all = find();
    const here = all.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1, ...(across ? { ArrowRight: 1, ArrowLeft: -1 } : {}) }[event.key];
    let to = -1;
    if (step && here >= 0) to = (here + step + all.length) % all.length;
    else if (event.key === "Home" && here >= 0) to = 0;
    else if (event.key === "End" && here >= 0) to = all.length - 1;
    if (to < 0) return;
    event.preventDefault();
    all[to].focus();
  });
}

export function announce(words) {
  const line = h("p", {}, words);
  const live = byId("live");
  live.append(line);
  while (live.childElementCount > 5) live.firstElementChild.remove();
}

/** A short note in the corner; trouble stays until it is dismissed. */
export function toast(words, { trouble = false } = {}) {
  const node = h("div", { class: trouble ? "toast trouble" : "toast", role: trouble ? "alert" : "status" },
    h("span", {}, words), iconButton("close", "Dismiss", () => node.remove()));
  const open = [...document.querySelectorAll("dialog[open]")].at(-1);
  (open?.querySelector(".toasts-here") ?? byId("toasts")).append(node);
  setTimeout(() => node.remove(), trouble ? 15000 : 5000);
}

export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

export function debounce(run, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...args), ms);
  };
}
