/** What floats: anchored boxes, menus, and the question before something that cannot be undone. */

import { arrows, button, h, uid } from "./dom.js";
import { icon } from "./icons.js";

let open = null;

/** Show `node` beside `anchor`, within the dialog that the anchor is in. Returns a function that closes it. */
export function popup(anchor, node, { onClose = () => {}, wide = false, tall = 320 } = {}) {
  open?.();
  const home = anchor.closest("dialog") ?? document.body;
  node.classList.add("popup");
  home.append(node);
  const place = () => anchor.isConnected && settle(anchor, node, wide, tall);  // what it stood beside may be drawn anew
  const outside = (event) => {
    if (!node.contains(event.target) && !anchor.contains(event.target)) close();
  };
  const close = () => {
    if (open === close) open = null;
    window.removeEventListener("resize", place);
    document.removeEventListener("scroll", place, true);
    document.removeEventListener("pointerdown", outside, true);
    node.remove();
    onClose();
  };
  window.addEventListener("resize", place);
  document.addEventListener("scroll", place, true);
  document.addEventListener("pointerdown", outside, true);
  place();
  open = close;
  return close;
}

function settle(anchor, node, wide, tall) {
  const box = anchor.getBoundingClientRect();
  const margin = 8;
  if (wide) node.style.minWidth = `${box.width}px`;
  const below = window.innerHeight - box.bottom - margin;
  const above = box.top - margin;
  const up = below < Math.min(node.scrollHeight, tall) && above > below;
  node.style.maxHeight = `${Math.max(120, Math.min(tall, up ? above : below))}px`;
  const height = node.offsetHeight;
  node.style.top = `${up ? box.top - height - 4 : box.bottom + 4}px`;
  const left = Math.min(box.left, window.innerWidth - node.offsetWidth - margin);
  node.style.left = `${Math.max(margin, left)}px`;
}

/** A menu of {label, sign?, run, danger?, href?, note?}; a string is a heading, null a line. */
export function menu(anchor, items, { label = "Actions" } = {}) {
  const node = h("div", { class: "menu", role: "menu", "aria-label": label });
  let close = () => {};
  for (const item of items) {
    if (item === null) node.append(h("hr"));
    else if (typeof item === "string") node.append(h("div", { class: "menu-head" }, item));
    else node.append(menuItem(item, () => close()));
  }
  const choices = () => [...node.querySelectorAll("[role=menuitem]")];
  arrows(node, choices);
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    close();
    anchor.focus();
  });
  anchor.setAttribute("aria-expanded", "true");
  close = popup(anchor, node, { onClose: () => anchor.setAttribute("aria-expanded", "false") });
  choices()[0]?.focus();
  return close;
}

function menuItem(item, close) {
  return h("button", {
    type: "button", role: "menuitem", tabindex: "-1", class: item.danger ? "menu-item danger" : "menu-item",
    on: { click: () => { close(); item.run(); } },
  },
  item.sign ? h("span", { class: "menu-sign" }, icon(item.sign)) : null,
  h("span", { class: "menu-words" }, item.label, item.note ? h("small", {}, item.note) : null));
}

/** Ask; resolves to true or false. `said` has title, text (node or string), confirm, deny, style. */
export function ask(said) {
  const back = document.activeElement;
  const title = uid("ask");
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "modal ask", "aria-labelledby": title });
    const answer = (yes) => {
      dialog.close();
      dialog.remove();
      document.activeElement?.blur();
      back?.focus?.();
      resolve(yes);
    };
    dialog.append(
      h("h2", { id: title, class: "modal-title" }, said.title),
      h("div", { class: "modal-body" }, said.text),
      h("div", { class: "modal-foot" },
        button(said.deny, () => answer(false), { class: "btn" }),
        button(said.confirm, () => answer(true), { class: said.style === "danger" ? "btn danger" : "btn primary" })));
    dialog.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") { event.preventDefault(); answer(false); }
    });
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); answer(false); });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector(".modal-foot button:last-child").focus();
  });
}
