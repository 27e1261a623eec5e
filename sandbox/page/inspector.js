/** Each request, event and answer, with its time in milliseconds. */

import * as api from "./api.js";
import { button, byId, debounce, h, iconButton, plural } from "./dom.js";

const KINDS = { all: "All", api: "Web API calls", delivery: "Deliveries", problem: "Problems" };
const KEPT = 500;
let entries = [];
let last = 0;
let first = null;
let filter = "all";

const list = h("ol", { class: "log", tabindex: "0", "aria-label": "Record, newest last" });
const count = h("span", { class: "quiet" });
const tabs = h("div", { class: "tabs", role: "group", "aria-label": "Show" });

export function startInspector() {
  const box = byId("inspector");
  box.append(h("header", { class: "header" }, h("h2", {}, "Inspector"), tabs, count,
    button("Clear", clear, { class: "btn push" }), iconButton("close", "Close inspector", toggleInspector)), list);
  for (const [kind, words] of Object.entries(KINDS)) {
    tabs.append(button(words, () => { filter = kind; redraw(); }, { class: "tab", data: { kind } }));
  }
  box.addEventListener("keydown", (event) => { if (event.key === "Escape") toggleInspector(); });
}

export function toggleInspector() {
  const box = byId("inspector");
  box.hidden = !box.hidden;
  byId("app").classList.toggle("with-inspector", !box.hidden);
  byId("inspect")?.setAttribute("aria-expanded", String(!box.hidden));
  if (box.hidden) byId("inspect")?.focus();
  else { redraw(); void read(); list.focus(); }
}

export const updateInspector = debounce(() => { if (!byId("inspector").hidden) void read(); }, 60);

async function read() {
  let found;
  try {
    found = await api.log(last);
  } catch {
    return;
  }
  const fresh = found.filter((entry) => entry.seq > last);
  if (!fresh.length) return;
  last = fresh.at(-1).seq;
  first ??= fresh[0].at;
  entries = [...entries, ...fresh].slice(-KEPT);
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  for (const entry of fresh.filter(wanted)) insert(entry);
  while (list.childElementCount > KEPT) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
  tally();
}

/** A call is recorded when it ends; it stands where it began. */
function insert(entry) {
  let after = list.lastElementChild;
  while (after && Number(after.dataset.at) > entry.at) after = after.previousElementSibling;
  if (after) after.after(row(entry));
  else list.prepend(row(entry));
}

const wanted = (entry) => filter === "all" || kindOf(entry) === filter;
const kindOf = (entry) => (entry.kind === "delivery" || entry.kind === "problem" ? entry.kind : "api");

function clear() {
  entries = [];
  first = null;
  redraw();
}

function redraw() {
  for (const tab of tabs.children) tab.setAttribute("aria-pressed", String(tab.dataset.kind === filter));
  list.replaceChildren(...entries.filter(wanted).sort((a, b) => a.at - b.at).map(row));
  list.scrollTop = list.scrollHeight;
  tally();
}

function tally() {
  count.textContent = plural(entries.filter(wanted).length, "entry", "entries");
}

function row(entry) {
  const { name, words, good, arrow } = described(entry);
  const details = h("details", {}, h("summary", {},
    h("span", { class: "at" }, `+${((entry.at - (first ?? entry.at)) / 1000).toFixed(2)} s`),
    h("span", { class: "arrow", title: arrow === "→" ? "to the app" : "from the app" }, arrow),
    h("span", { class: "what" }, name),
    h("span", { class: good ? "status good" : "status bad" }, words),
    h("span", { class: "ms" }, entry.ms === undefined ? "" : `${Number(entry.ms).toFixed(1)} ms`)));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(h("pre", {}, JSON.stringify(entry, null, 2)));
  });
  return h("li", { class: kindOf(entry), data: { at: entry.at } }, details);
}

function described(entry) {
  if (entry.kind === "delivery") {
    const attempt = entry.attempt ? ` (again: ${entry.attempt})` : "";
    return { name: `${title(entry)}${attempt}`, words: entry.status, good: entry.status === "acked", arrow: "→" };
  }
  if (entry.kind === "problem") return { name: entry.error, words: "problem", good: false, arrow: "!" };
  const answer = entry.answer ?? {};
  const good = answer.ok !== false && !(entry.http >= 400);
  return { name: entry.method ?? entry.kind, words: good ? "ok" : answer.error ?? String(answer), good, arrow: "←" };
}

/** The event with its subtype, or the interaction with what was clicked. */
function title(entry) {
  const payload = entry.payload ?? {};
  const detail = payload.event?.subtype ?? payload.actions?.[0]?.action_id ?? payload.view?.callback_id
    ?? payload.callback_id ?? payload.text ?? "";
  return [entry.type, detail].filter(Boolean).join(" · ").slice(0, 90);
}
