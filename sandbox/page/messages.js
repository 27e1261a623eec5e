/** One message, with what can be done to it. */

import * as api from "./api.js";
import { button, debounce, h, iconButton, plural } from "./dom.js";
import { drawBlocks, isLocal } from "./blocks.js";
import { icon } from "./icons.js";
import { EMOJI, QUICK, sign } from "./emoji.js";
import { asTyped, link, mrkdwn } from "./mrkdwn.js";
import { ask, menu, popup } from "./popup.js";
import { authorOf, changed, fullName, go, inThread, isExternal, person, role, store } from "./state.js";
import { messageSurface, tell } from "./surface.js";
import { clock, full, ofTs } from "./times.js";

const editing = new Map();

export function initials(name) {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, "").split(/\s+/).filter(Boolean);
  return ((words[0]?.[0] ?? "?") + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
}

export function avatar(user, name, isApp = false) {
  const colour = /^[0-9a-f]{6}$/i.test(user?.color ?? "") ? `#${user.color}` : "#5a6b7b";
  const node = h("span", { class: isApp ? "avatar app-avatar" : "avatar", "aria-hidden": "true" }, initials(name));
  node.style.setProperty("--own", colour);
  return node;
}

/** What makes a message look different: drawn again only when this changes. */
export function printOf(message, where) {
  return JSON.stringify([message, where.inPane, where.compact, store.who, store.people, editing.has(message.ts)]);
}

/** `where` says: channel, inPane (the thread pane), compact (same author as above). */
export function messageNode(message, where) {
  const author = authorOf(message);
  const compact = where.compact && !message.ephemeral;
  const node = h("article", {
    class: ["message", compact && "compact", message.ephemeral && "ephemeral"].filter(Boolean).join(" "),
    tabindex: "-1", "aria-label": `${author.name}, ${clock(ofTs(message.ts))}`, data: { ts: message.ts, home: message.ts, fk: "message" },
  });
  const gone = message.subtype === "tombstone";
  node.append(
    compact ? h("time", { class: "gutter", "aria-hidden": "true" }, clock(ofTs(message.ts)))
      : gone ? h("span", { class: "avatar gone", "aria-hidden": "true" }, icon("trash")) : avatar(author.user, author.name, author.isApp),
    h("div", { class: "message-main" },
      compact || gone ? null : head(message, author),
      message.ephemeral ? h("p", { class: "only-you" }, icon("eye"), " Only visible to you · ",
        button("Dismiss", () => dismiss(message), { class: "linkish", data: { fk: "dismiss" } })) : null,
      broadcastNote(message, where),
      gone ? h("p", { class: "tombstone" }, "This message was deleted.")
        : editing.has(message.ts) ? editor(message, where) : content(message, where),
      gone ? null : reactions(message, where),
      where.inPane || inThread(message) ? null : summary(message, where)));
  if (!message.ephemeral && !gone) node.append(toolbar(message, where, author));
  return node;
}

function head(message, author) {
  const tag = author.isApp ? "APP" : isExternal(author.user) || author.user?.is_restricted || author.user?.deleted ? role(author.user) : "";
  return h("div", { class: "message-head" },
    h("strong", { class: "author" }, author.name), tag ? h("span", { class: "tag" }, tag) : null,
    h("time", { title: full(ofTs(message.ts)), datetime: ofTs(message.ts).toISOString() }, clock(ofTs(message.ts))));
}

function broadcastNote(message, where) {
  if (message.subtype !== "thread_broadcast") return null;
  if (where.inPane) return h("p", { class: "quiet" }, "also sent to the channel");
  return h("p", { class: "quiet" }, button("replied to a thread", () => go({ thread: message.thread_ts }), { class: "linkish" }));
}

function content(message, where) {
  const box = h("div", { class: "content" });
  const blocks = message.blocks ?? [];
  const typed = blocks.every((block) => block.type === "rich_text") && !message.bot_id;
  if (message.text && (typed || !blocks.length)) box.append(h("div", { class: "mrkdwn" }, mrkdwn(message.text)));
  if (blocks.length && !typed) {
    const drawn = h("div", { class: "blocks" });
    drawBlocks(drawn, blocks, messageSurface(where.channel, message));
    box.append(drawn);
  }
  for (const each of message.attachments ?? []) box.append(attachment(each, message, where));
  if (message.files?.length) box.append(h("div", { class: "files" }, message.files.map(file)));
  if (message.edited) {
    const last = box.querySelector(":scope > .mrkdwn:last-child > .line:last-child") ?? box;
    last.append(h("span", { class: "edited", title: full(ofTs(message.edited.ts)) }, " (edited)"));
  }
  return box;
}

function attachment(each, message, where) {
  const node = h("div", { class: "attachment" });
  if (/^#?[0-9a-f]{6}$/i.test(each.color ?? "")) node.style.setProperty("--bar", `#${each.color.replace("#", "")}`);
  if (each.pretext) node.append(h("div", { class: "mrkdwn" }, mrkdwn(each.pretext)));
  if (each.title) node.append(h("strong", {}, each.title_link ? link(each.title_link, each.title) : each.title));
  if (each.blocks) {
    const drawn = h("div", { class: "blocks" });
    drawBlocks(drawn, each.blocks, messageSurface(where.channel, message));
    node.append(drawn);
  } else if (each.text || each.fallback) node.append(h("div", { class: "mrkdwn" }, mrkdwn(each.text || each.fallback)));
  return node;
}

function size(bytes) {
  if (!bytes) return "";
  return bytes < 1024 ? `${bytes} B` : bytes < 1048576 ? `${Math.round(bytes / 1024)} kB` : `${(bytes / 1048576).toFixed(1)} MB`;
}

function file(given) {
  const found = given.mode === "file_access" ? given : store.files.find((each) => each.id === given.id) ?? given;
  const name = found.title || found.name || "A file from another organisation";
  const url = found.url_private || found.permalink || "";
  if (found.mimetype?.startsWith("image/") && isLocal(url) && found.uploaded !== false && found.user === store.manifest.bot_user?.id) {
    const words = found.alt_txt || name;
    const image = h("img", { src: url, alt: words, on: { error: () => image.replaceWith(h("span", { class: "away" }, words)) } });
    return h("figure", { class: "file-image" }, image, h("figcaption", {}, name));
  }
  return h("div", { class: "file" }, h("span", { class: "file-sign" }, icon("file")),
    h("div", {}, h("div", { class: "file-name" }, found.user === store.manifest.bot_user?.id && isLocal(url) ? link(url, name) : name),
      h("small", {}, [found.pretty_type || found.mimetype, size(found.size)].filter(Boolean).join(" · "))));
}

function reactions(message, where) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions" }, message.reactions.map(({ name, users, count }) => {
    const own = users.includes(store.who);
    const words = `:${name}: by ${users.map((id) => fullName(person(id))).join(", ")}`;
    return button([sign(name), ` ${count}`], () => react(message, where, name, own), {
      class: own ? "reaction own" : "reaction", "aria-pressed": String(own), title: words, "aria-label": words, data: { fk: `r ${name}` },
    });
  }));
}

function react(message, where, reaction, remove = false) {
  return tell(() => api.call("react", { user: store.who, channel: where.channel.id, ts: message.ts, reaction, ...(remove ? { remove } : {}) }));
}

function summary(message, where) {
  if (!message.reply_count) return null;
  const faces = (message.reply_users ?? []).slice(0, 3).map((id) => avatar(person(id), fullName(person(id) ?? authorOf({ bot_id: id }).user)));
  return button([...faces, h("span", {}, plural(message.reply_count, "reply", "replies"))],
    () => go({ thread: message.ts }), { class: "summary", data: { fk: "summary", channel: where.channel.id } });
}

function dismiss(message) {
  store.dismissed.add(message.ts);
  changed();
}

function toolbar(message, where, author) {
  const own = message.user === store.who && !message.bot_id;
  const root = inThread(message) ? message.thread_ts : message.ts;
  const more = iconButton("more", "More actions", () => menu(more, [
    { label: "Reply in thread", sign: "reply", run: () => go({ thread: root }) },
    own ? { label: "Edit message", sign: "edit", run: () => { editing.set(message.ts, asTyped(message.text ?? "")); changed(); } } : undefined,
    own ? { label: "Delete message…", sign: "trash", danger: true, run: () => remove(message, where, author) } : undefined,
    ...shortcuts(message, where),
  ].filter((item) => item !== undefined)), { "aria-haspopup": "menu", "aria-expanded": "false", data: { fk: "more" } });
  const smile = iconButton("smile", "Add reaction", () => pickEmoji(smile, (name) => react(message, where, name)), { data: { fk: "smile" } });
  return h("div", { class: "toolbar" }, smile,
    where.inPane ? null : iconButton("reply", "Reply in thread", () => go({ thread: root }), { data: { fk: "reply" } }), more);
}

function shortcuts(message, where) {
  const offered = store.manifest.shortcuts.filter((shortcut) => shortcut.type === "message");
  if (!offered.length) return [];
  return [null, store.manifest.bot_user?.real_name ?? "App", ...offered.map((shortcut) => ({
    label: shortcut.name, note: shortcut.description, sign: "bolt",
    run: () => tell(() => api.call("shortcut", {
      user: store.who, callback_id: shortcut.callback_id, channel: where.channel.id, message_ts: message.ts,
    }), shortcut.name),
  }))];
}

async function remove(message, where) {
  const yes = await ask({
    title: "Delete message", style: "danger", confirm: "Delete", deny: "Keep",
    text: h("div", {}, h("p", {}, "This cannot be undone."), h("blockquote", {}, mrkdwn((message.text ?? "").slice(0, 300)))),
  });
  if (yes) await tell(() => api.call("delete", { user: store.who, channel: where.channel.id, ts: message.ts }));
}

function editor(message, where) {
  const stop = () => { editing.delete(message.ts); changed(); };
  const save = async () => {
    const text = field.value.trim();
    if (!text) return;
    if (await tell(() => api.call("edit", { user: store.who, channel: where.channel.id, ts: message.ts, text }))) stop();
  };
  const field = h("textarea", { class: "field", rows: 3, value: editing.get(message.ts), "aria-label": "Edit message", data: { fk: "edit" } });
  field.addEventListener("input", () => editing.set(message.ts, field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stop();
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); void save(); }
  });
  queueMicrotask(() => { field.focus(); field.setSelectionRange(field.value.length, field.value.length); });
  return h("div", { class: "editor" }, field, h("div", { class: "editor-foot" },
    button("Cancel", stop, { class: "btn" }), button("Save", save, { class: "btn primary" })));
}

function pickEmoji(anchor, run) {
  let close = () => {};
  const choose = (name) => { close(); run(name); };
  const field = h("input", { type: "text", class: "field", placeholder: "Name, as in thumbsup", "aria-label": "Find an emoji" });
  const grid = h("div", { class: "emoji-grid" });
  const fill = () => {
    const wanted = field.value.trim().replaceAll(":", "").toLowerCase();
    const names = wanted ? [...EMOJI.keys()].filter((name) => name.includes(wanted)).slice(0, 24) : QUICK;
    grid.replaceChildren(...names.map((name) => iconButton(EMOJI.get(name), name.replaceAll("_", " "), () => choose(name))));
  };
  field.addEventListener("input", debounce(fill, 60));
  const node = h("div", { class: "menu emoji-picker", role: "dialog", "aria-label": "Add reaction" }, field, grid);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); anchor.focus(); }
    if (event.key === "Enter" && event.target === field) grid.querySelector("button")?.click();
  });
  fill();
  close = popup(anchor, node);
  field.focus();
}
