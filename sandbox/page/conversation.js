/** The list of messages in the middle, the thread beside it, and the header above. */

import { composer } from "./composer.js";
import { announce, arrows, byId, forget, h, iconButton, plural, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { messageNode, printOf } from "./messages.js";
import { authorOf, changed, current, fullName, go, inThread, isMember, isPage, markRead, messagesIn, person, store, titleOf } from "./state.js";
import { day, dayKey, ofTs } from "./times.js";

const list = h("div", { class: "messages", role: "list", "aria-label": "Messages", tabindex: "-1" });
const threadList = h("div", { class: "messages", role: "list", "aria-label": "Thread messages", tabindex: "-1" });
const threadPlace = h("span", { class: "quiet" });
const main = composer(() => ({ channel: current(), thread: null }), { label: "Message" });
const side = composer(() => ({ channel: current(), thread: store.thread }), { label: "Reply in thread" });
let shownIn = "";
let shownThread = "";
let heard = null;

export function startConversation() {
  byId("composer").append(main.node);
  byId("thread").append(
    h("header", { class: "header" }, h("h2", {}, "Thread"), threadPlace, iconButton("close", "Close thread", closeThread, { class: "icon push" })),
    threadList, side.node);
  for (const box of [list, threadList]) {
    followEnd(box);
    arrows(box, () => (document.activeElement?.classList.contains("message") ? [...box.querySelectorAll(".message")] : []));
  }
  byId("thread").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) closeThread();
  });
}

/** Whoever reads the newest message goes on doing so when messages come or the list changes its size. */
function followEnd(box) {
  box.addEventListener("scroll", () => { box.atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60; });
  new ResizeObserver(() => settle(box)).observe(box);
}

function settle(box) {
  if (box.atEnd) box.scrollTop = box.scrollHeight;
}

export const focusComposer = () => main.text.focus();

function closeThread() {
  const ts = store.thread;
  go({ thread: null });
  const root = list.querySelector(`[data-home="${CSS.escape(ts ?? "")}"]`);
  (root?.querySelector(".summary") ?? root ?? main.text).focus();
}

export function drawConversation() {
  const channel = current();
  byId("composer").hidden = isPage() || !channel;
  if (isPage() || !channel) return drawThread(null);
  const stage = byId("stage");
  if (list.parentElement !== stage) stage.replaceChildren(list);
  const place = `${store.who} ${channel.id}`;
  const moved = place !== shownIn;
  if (moved) { forget(list); shownIn = place; list.atEnd = true; }
  drawList(list, channel, null);
  settle(list);
  markRead(channel);
  speak(channel, moved);
  main.update();
  return drawThread(channel);
}

function drawThread(channel) {
  const pane = byId("thread");
  const root = channel && store.thread && messagesIn(channel, store.thread).length > 0;
  pane.hidden = !root;
  byId("app").classList.toggle("with-thread", Boolean(root));
  if (!root) { shownThread = ""; return; }
  const place = `${store.who} ${channel.id} ${store.thread}`;
  const moved = place !== shownThread;
  if (moved) { forget(threadList); shownThread = place; threadList.atEnd = true; }
  threadPlace.textContent = channel.is_im ? titleOf(channel) : `#${channel.name}`;
  drawList(threadList, channel, store.thread);
  settle(threadList);
  side.update();
  if (moved && !document.querySelector("dialog[open]")) side.text.focus();
}

function drawList(box, channel, thread) {
  const messages = messagesIn(channel, thread);
  const items = [];
  let before = null;
  for (const message of messages) {
    const date = dayKey(ofTs(message.ts));
    if (!thread && date !== before?.date) {
      const words = day(ofTs(message.ts));
      items.push({ key: `day ${date}`, print: words, make: () => h("div", { class: "day" }, h("span", {}, words)) });
    }
    const where = { channel, inPane: Boolean(thread), compact: follows(before?.message, message) };
    items.push({ key: message.ts, print: printOf(message, where), make: () => listed(message, where) });
    if (thread && message.ts === thread) items.push(divider(messages.length - 1));
    before = message.ts === thread ? null : { message, date };
  }
  for (const note of store.notices) {
    if (note.who === store.who && note.channel === channel.id && (note.thread ?? null) === thread) items.push(noticeRow(note));
  }
  if (!thread && !messages.length) items.unshift({ key: "empty", print: channel.id, make: () => empty(channel) });
  reconcile(box, items);
  // What one wrote oneself, and the answer to it, is always brought into view.
  const last = messages.at(-1);
  if (last?.ts !== box.newest && (last?.user === store.who || last?.ephemeral)) box.atEnd = true;
  box.newest = last?.ts;
  const all = [...box.querySelectorAll(".message")];
  all.forEach((node, place) => node.setAttribute("tabindex", place === all.length - 1 ? "0" : "-1"));
}

function listed(message, where) {
  if (isNote(message)) {
    return h("div", { class: "system", role: "listitem" }, `${authorOf(message).name} ${(message.text ?? "").replace(/^<@[^>]+>\s*/, "")}`);
  }
  return h("div", { role: "listitem", class: "row" }, messageNode(message, where));
}

/** Slack's own lines: somebody joined, the channel was renamed. */
const isNote = (message) => /^(channel|group)_/.test(message.subtype ?? "");

function follows(before, message) {
  return Boolean(before) && authorOf(before).id === authorOf(message).id && !message.ephemeral && !before.ephemeral && !isNote(before)
    && message.subtype !== "tombstone" && before.subtype !== "tombstone" && !message.reply_count
    && Number(message.ts) - Number(before.ts) < 300 && dayKey(ofTs(before.ts)) === dayKey(ofTs(message.ts));
}

function divider(count) {
  const words = count > 0 ? plural(count, "reply", "replies") : "No replies yet";
  return { key: "replies", print: words, make: () => h("div", { class: "day left" }, h("span", {}, words)) };
}

function empty(channel) {
  const words = channel.is_im ? `This is your direct message with ${titleOf(channel)}.` : `This is the beginning of #${channel.name}.`;
  return h("div", { class: "empty" }, h("strong", {}, words), h("p", {}, "Write a message below, or type / to see the app's commands."));
}

function noticeRow(note) {
  const drop = () => { store.notices.splice(store.notices.indexOf(note), 1); changed(); };
  return { key: note.id, print: note.text, make: () => h("div", { class: "notice", role: "alert" },
    h("span", { class: "notice-sign" }, icon("warn")),
    h("div", {}, h("p", { class: "only-you" }, "Only visible to you"), h("p", {}, note.text)),
    iconButton("close", "Dismiss", drop)) };
}

/** Read new messages of this place aloud, once. */
function speak(channel, moved) {
  const all = [...messagesIn(channel), ...channel.messages.filter(inThread)];
  const known = heard;
  heard = new Set(all.map((message) => message.ts));
  if (moved || !known) return;
  for (const message of all) {
    if (!known.has(message.ts) && message.user !== store.who) {
      announce(`${authorOf(message).name}: ${(message.text ?? "").slice(0, 300)}`);
    }
  }
}

export function drawHeader(actions) {
  const box = byId("header");
  const channel = current();
  const isHome = store.where === "home";
  const areMails = store.where === "mails";
  const sign = isHome ? "home" : areMails ? "mail" : channel?.is_im ? "dm" : channel?.is_private ? "lock" : "hash";
  const name = areMails ? "Mails" : isHome ? store.manifest.bot_user?.real_name ?? "App" : titleOf(channel);
  const members = channel?.members?.filter((id) => person(id)) ?? [];
  const facts = [
    areMails ? "Mails of the app" : isHome ? "Home of the app" : channel?.is_im ? "Direct message with the app" : members.length ? plural(members.length, "member") : "",
    channel?.is_archived ? "archived" : "", channel?.is_ext_shared ? "shared with another organisation" : "",
    channel && !channel.is_im && !isMember(channel) && !isPage() ? "you are not a member" : "", channel?.topic?.value ?? "",
  ].filter(Boolean).join(" · ");
  const print = JSON.stringify([sign, name, facts, members.map((id) => fullName(person(id)))]);
  if (box.dataset.print === print) return;
  box.dataset.print = print;
  box.replaceChildren(
    iconButton("menu", "People and channels", actions.sidebar, { class: "icon burger", "aria-controls": "sidebar" }),
    h("h1", {}, h("span", { class: "sign" }, icon(sign)), h("span", {}, name)),
    h("span", { class: "quiet facts", title: members.map((id) => fullName(person(id))).join(", ") || undefined }, facts),
    iconButton("inspect", "Inspector: requests and events", actions.inspector, { class: "icon push", id: "inspect", "aria-controls": "inspector" }));
}
