/** Slack's mrkdwn as DOM nodes. Nothing here parses HTML; only &amp; &lt; &gt; are entities. */

import { h } from "./dom.js";
import { EMOJI, withEmoji } from "./emoji.js";
import { bot, channelById, go, nameOf, person, sees, store } from "./state.js";
import { dated, full } from "./times.js";

const INLINE = new RegExp([
  "`(?<code>[^`\\n]+)`",
  "<(?<entity>[^<>\\n]+)>",
  ":(?<emoji>[a-z0-9_+'-]+)(?:::skin-tone-\\d)?:",
  "(?<![\\w*])\\*(?=\\S)(?<bold>(?:<[^<>\\n]+>|`[^`\\n]+`|[^*\\n<`])+)(?<=\\S)\\*(?![\\w*])",
  "(?<![\\w_])_(?=\\S)(?<italic>(?:<[^<>\\n]+>|`[^`\\n]+`|[^_\\n<`])+)(?<=\\S)_(?![\\w])",
  "(?<![\\w~])~(?=\\S)(?<strike>(?:<[^<>\\n]+>|`[^`\\n]+`|[^~\\n<`])+)(?<=\\S)~(?![\\w~])",
].join("|"), "g");

export const unescaped = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function mrkdwn(text) {
  const made = document.createDocumentFragment();
  text.split(/```\n?([\s\S]*?)```\n?/).forEach((part, place) => {
    if (place % 2) made.append(h("pre", {}, entitiesOnly(part.replace(/\n$/, ""))));
    else if (part) made.append(paragraphs(part));
  });
  return made;
}

export function plainText(object) {
  return object.emoji === false ? object.text : withEmoji(object.text);
}

/** A text object of either kind. */
export function textOf(object) {
  if (object.type === "mrkdwn") return h("div", { class: "mrkdwn" }, mrkdwn(object.text));
  return h("div", { class: "plain" }, plainText(object));
}

function paragraphs(text) {
  const made = document.createDocumentFragment();
  const lines = text.replace(/\n$/, "").split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    if (/^(&gt;|>){3}/.test(lines[at])) {
      const rest = [lines[at].replace(/^(&gt;|>){3} ?/, ""), ...lines.slice(at + 1)];
      made.append(h("blockquote", {}, rest.map(line)));
      break;
    }
    const quoted = [];
    while (at < lines.length && /^(&gt;|>)/.test(lines[at])) quoted.push(lines[at++].replace(/^(&gt;|>) ?/, ""));
    if (quoted.length) made.append(h("blockquote", {}, quoted.map(line)));
    if (at < lines.length) made.append(line(lines[at]));
  }
  return made;
}

function line(text) {
  const item = /^(\s*)([•◦▪*-]|\d+[.)])\s+(.*)$/.exec(text);
  if (!item) return h("div", { class: "line" }, text ? inline(text) : h("br"));
  const [, indent, mark, rest] = item;
  return h("div", { class: `line item level-${Math.min(2, Math.floor(indent.length / 2))}` },
    h("span", { class: "mark" }, mark), h("span", {}, inline(rest)));
}

export function inline(text) {
  const made = document.createDocumentFragment();
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    made.append(unescaped(text.slice(end, found.index)));
    made.append(token(found));
    end = found.index + found[0].length;
  }
  made.append(unescaped(text.slice(end)));
  return made;
}

function token(found) {
  const { code, entity: inside, emoji, bold, italic, strike } = found.groups;
  if (code !== undefined) return h("code", {}, entitiesOnly(code));
  if (inside !== undefined) return entity(inside);
  if (emoji !== undefined) return emojiNode(emoji);
  if (bold !== undefined) return h("strong", {}, inline(bold));
  if (italic !== undefined) return h("em", {}, inline(italic));
  return h("s", {}, inline(strike));
}

/** Code keeps its signs, but links and mentions in it are still links and mentions. */
function entitiesOnly(text) {
  return text.split(/<([^<>\n]+)>/).map((part, place) => (place % 2 ? entity(part) : unescaped(part)));
}

export function emojiNode(name) {
  const found = EMOJI.get(name);
  if (!found) return `:${name}:`;
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, found);
}

function entity(inside) {
  const [target, ...rest] = inside.split("|");
  const label = rest.join("|");
  if (target.startsWith("@")) return mention(target.slice(1), label);
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!")) return special(target.slice(1), label);
  return link(unescaped(target), label ? withEmoji(unescaped(label)) : unescaped(target).replace(/^mailto:/, ""));
}

export function mention(id, label = "") {
  const user = person(id);
  const name = user ? (user.id === bot()?.id ? user.real_name : nameOf(user)) : label || id;
  return h("span", { class: id === store.who ? "mention mine" : "mention", title: user?.real_name ?? id }, `@${name}`);
}

export function channelLink(id, label = "") {
  const channel = channelById(id);
  if (!channel || !sees(channel)) return h("span", { class: "mention" }, label ? `#${label}` : "private channel");
  return h("a", {
    class: "mention", href: `#${encodeURIComponent(channel.name)}`,
    on: { click: (event) => { event.preventDefault(); go({ where: channel.id }); } },
  }, `#${channel.name}`);
}

function special(target, label) {
  const [what, ...parts] = target.split("^");
  if (what === "date") return dateNode(parts, label);
  if (["channel", "here", "everyone"].includes(what)) {
    return h("span", { class: "mention loud", title: `Notifies people (${what})` }, `@${what}`);
  }
  if (what === "subteam") return h("span", { class: "mention" }, label || `@${parts[0] ?? "group"}`);
  return h("span", { class: "mention" }, unescaped(label || target));
}

function dateNode([epoch, pattern = "", href], label) {
  const words = dated(Number(epoch), pattern);
  const date = new Date(Number(epoch) * 1000);
  if (words === null) return unescaped(label);
  const node = h("time", { datetime: date.toISOString(), title: `${full(date)} (${date.toISOString()})` }, words);
  return href ? link(unescaped(href), node) : node;
}

export function link(url, label) {
  if (!/^(https?:|mailto:|tel:|slack:)/i.test(url)) return h("span", {}, label);
  const inside = permalink(url);
  return h("a", {
    href: url, target: "_blank", rel: "noopener noreferrer",
    on: inside ? { click: (event) => { event.preventDefault(); go(inside); } } : {},
  }, label);
}

/** A link to a message of this workspace leads there without leaving the page. */
function permalink(url) {
  const found = /\/archives\/(\w+)(?:\/p(\d{10})(\d{6})(?:\?thread_ts=([\d.]+))?)?/.exec(url);
  const channel = found && channelById(found[1]);
  if (!channel || !sees(channel)) return null;
  const where = channel.is_im ? "dm" : channel.id;
  return { where, thread: found[2] ? found[4] ?? `${found[2]}.${found[3]}` : null };
}

/** What a person would have typed to get this text. */
export function asTyped(text) {
  const plain = text.replace(/<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>/g, (_, sign, target, label) => {
    if (sign === "@") return `@${person(target)?.name ?? label ?? target}`;
    if (sign === "#") return `#${channelById(target)?.name ?? label ?? target}`;
    return sign === "!" ? `<!${target}>` : target;
  });
  return unescaped(plain);
}
