/** Modals: the topmost view of the person's stack, in one dialog that follows the workspace. */

import * as api from "./api.js";
import { button, byId, forget, h, iconButton, uid } from "./dom.js";
import { drawBlocks } from "./blocks.js";
import { complaint } from "./elements.js";
import { plainText } from "./mrkdwn.js";
import { changed, store } from "./state.js";
import { tell, viewSurface } from "./surface.js";

const errors = new Map();
let shown = null;
let back = null;
let busy = false;
let trouble = "";

const dialog = byId("modal");
const titleId = uid("title");
const title = h("h2", { class: "modal-title", id: titleId, tabindex: "-1" });
const depth = h("span", { class: "depth" });
const body = h("div", { class: "modal-body" });
const problem = h("div", { class: "modal-trouble", role: "alert" });
const cancel = button("Cancel", () => close(), { class: "btn" });
const submit = button("Submit", () => send(), { class: "btn primary" });

export function startModal() {
  dialog.setAttribute("aria-labelledby", titleId);
  dialog.append(
    h("div", { class: "modal-head" }, title, depth, iconButton("close", "Close all", () => close({ clear: true }))),
    body, problem, h("div", { class: "toasts-here" }), h("div", { class: "modal-foot" }, cancel, submit));
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    void close();
  });
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    void close();
  });
}

const stack = () => store.views[store.who] ?? [];

export function drawModal() {
  const view = stack().at(-1) ?? null;
  if (!view) return hide();
  const isOther = shown?.id !== view.id;
  if (isOther) {
    if (!shown) back = opener();
    forget(body);
    trouble = "";
  }
  shown = view;
  fill(view);
  if (!dialog.open) dialog.showModal();
  if (isOther) focusFirst(view);
  return null;
}

function fill(view) {
  title.textContent = plainText(view.title);
  depth.textContent = stack().length > 1 ? `step ${stack().length}` : "";
  cancel.textContent = view.close ? plainText(view.close) : "Cancel";
  const sends = Boolean(view.submit) || view.blocks.some((block) => block.type === "input");
  submit.hidden = !sends;
  submit.textContent = busy ? "Sending…" : view.submit ? plainText(view.submit) : "Submit";
  submit.disabled = busy || Boolean(view.submit_disabled);
  problem.textContent = trouble;
  drawBlocks(body, view.blocks, viewSurface(view), {
    errors: errors.get(view.id), submit: send, touched: (block) => fixed(view, block),
  });
}

/** The error goes when the field is changed; the field itself stays, with the caret in it. */
function fixed(view, block) {
  if (!errors.get(view.id)?.[block.block_id]) return;
  delete errors.get(view.id)[block.block_id];
  body.querySelector(`[data-block="${CSS.escape(block.block_id)}"] .labelled`)?.showError("");
}

/** What opened it, by a name that survives the message's being drawn anew. */
function opener() {
  const active = document.activeElement;
  return { node: active, fk: active?.closest("[data-fk]")?.dataset.fk, home: active?.closest("[data-home]")?.dataset.home };
}

function hide() {
  if (!shown) return;
  errors.delete(shown.id);
  shown = null;
  busy = false;
  if (dialog.open) dialog.close();
  forget(body);
  // The caret stays behind in the closed dialog unless the focus really moves.
  document.activeElement?.blur();
  const home = back?.home && document.querySelector(`[data-home="${CSS.escape(back.home)}"]`);
  const again = back?.fk && (home || document).querySelector(`[data-fk="${CSS.escape(back.fk)}"]`);
  const target = back?.node?.isConnected ? back.node : again || home || document.querySelector(".composer textarea");
  target?.focus({ preventScroll: true });
}

function focusFirst(view) {
  const wanted = view.blocks.find((block) => block.element?.focus_on_load);
  const scope = wanted ? body.querySelector(`[data-block="${CSS.escape(wanted.block_id)}"]`) : body;
  const target = scope?.querySelector("input:not([type=checkbox], [type=radio]), textarea") ?? scope?.querySelector("input, button");
  (target ?? title).focus({ preventScroll: true });
  body.scrollTop = 0;
}

async function close({ clear = false } = {}) {
  const view = shown;
  if (!view) return;
  const answer = await tell(() => api.call("close", { user: store.who, view_id: view.id, ...(clear ? { clear } : {}) }));
  if (answer) {
    store.views[store.who] = clear ? [] : stack().filter((other) => other.id !== view.id);
    changed();
  }
}

async function send() {
  const view = shown;
  if (!view || busy) return;
  const surface = viewSurface(view);
  const found = {};
  for (const block of view.blocks) {
    if (block.type !== "input") continue;
    const words = complaint(block, block.element, surface);
    if (words) found[block.block_id] = words;
  }
  if (Object.keys(found).length) return complain(view, found);
  busy = true;
  trouble = "";
  errors.delete(view.id);
  fill(view);
  await post(view, surface);
  busy = false;
  if (shown) fill(shown);
  return null;
}

async function post(view, surface) {
  try {
    const answer = await api.call("submit", { user: store.who, view_id: view.id, values: surface.values(view.blocks) });
    if (answer.errors) return complain(view, answer.errors);
    const words = api.trouble(answer.ack);
    if (words) trouble = `${words} What you entered is kept.`;
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    if (error.errors) return complain(view, error.errors);
    trouble = `Not sent: ${error.message}. What you entered is kept.`;
  }
  return null;
}

function complain(view, found) {
  errors.set(view.id, { ...found });
  fill(view);
  const first = view.blocks.find((block) => found[block.block_id]);
  const scope = first && body.querySelector(`[data-block="${CSS.escape(first.block_id)}"]`);
  scope?.querySelector("input, textarea, button")?.focus();
  scope?.scrollIntoView({ block: "nearest" });
}
