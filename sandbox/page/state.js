/** What the page knows: a copy of the workspace, who is looking, and at what. */

import * as api from "./api.js";

export const store = {
  users: new Map(), channels: [], ephemerals: {}, views: {}, homes: {}, files: [], mails: [],
  manifest: { commands: [], shortcuts: [], bot_user: null },
  who: null, where: null, thread: null,
  ready: false, online: true, people: "",
  notices: [], dismissed: new Set(),
};

const watchers = [];
export const watch = (run) => watchers.push(run);
export const changed = () => watchers.forEach((run) => run());

let fetching = false;
let again = false;

export async function refresh() {
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    take(await api.state());
    store.online = true;
  } catch {
    store.online = false;
  } finally {
    fetching = false;
  }
  changed();
  if (again) { again = false; await refresh(); }
}

function take(data) {
  store.users = new Map(data.users.map((user) => [user.id, user]));
  store.people = JSON.stringify(data.users.map((u) => [u.id, u.real_name, u.deleted, u.is_restricted]));
  store.channels = data.channels;
  for (const name of ["ephemerals", "views", "homes"]) store[name] = data[name] ?? {};
  store.files = data.files ?? [];
  store.mails = data.mails ?? [];
  store.ready = true;
  if (!store.users.has(store.who)) readHash();
}

// people

export const me = () => store.users.get(store.who);
export const bot = () => store.manifest.bot_user;
export const person = (id) => store.users.get(id);
export const nameOf = (user) => user?.profile?.display_name || user?.real_name || user?.name || "unknown person";
export const fullName = (user) => user?.real_name || user?.name || "Unknown person";

export function homeTeam() {
  return bot()?.team_id ?? [...store.users.values()][0]?.team_id;
}

export const isExternal = (user) => Boolean(user && user.team_id !== homeTeam());

/** The word that tells this person from a full member, or "". */
export function role(user) {
  if (!user) return "";
  if (user.deleted) return "Deactivated";
  if (isExternal(user)) return "Other organisation";
  if (user.is_bot || user.id === "USLACKBOT") return "App";
  if (user.is_ultra_restricted) return "Guest, one channel";
  if (user.is_restricted) return "Guest";
  if (user.is_owner || user.is_admin) return "Admin";
  return "Member";
}

export function choosable() {
  return [...store.users.values()].filter((user) => user.id !== bot()?.id && user.id !== "USLACKBOT");
}

/** Who wrote it: a user where there is one, else what the message says of its bot. */
export function authorOf(message) {
  const user = person(message.user) ??
    [...store.users.values()].find((u) => message.bot_id && (u.profile?.bot_id ?? `B${u.id.slice(1)}`) === message.bot_id);
  const name = message.username || (user ? fullName(user) : message.bot_profile?.name) || "Unknown";
  return { id: user?.id ?? message.bot_id, name, user, isApp: Boolean(message.bot_id || user?.is_bot) };
}

// channels

export const channelById = (id) => store.channels.find((channel) => channel.id === id);
export const isMember = (channel, user = store.who) => Boolean(channel.members?.includes(user));

export function dmOf(user = store.who) {
  const id = `D${user.slice(1)}`;
  return channelById(id) ?? { id, is_im: true, user, messages: [], members: [user, bot()?.id] };
}

export function sees(channel, user = me()) {
  if (!user || !channel) return false;
  if (channel.is_im) return channel.user === user.id;
  if (isMember(channel, user.id)) return true;
  return !channel.is_private && !user.is_restricted && !isExternal(user) && !user.is_bot;
}

export const visible = () => store.channels.filter((channel) => !channel.is_im && sees(channel));
export const current = () => (store.where === "dm" ? dmOf() : channelById(store.where));
export const titleOf = (channel) => (channel?.is_im ? fullName(bot()) : channel?.name ?? "?");

export const inThread = (message) => Boolean(message.thread_ts && message.thread_ts !== message.ts);

/** Messages of the person's own screen: ephemeral ones are mixed in where they appeared. */
export function messagesIn(channel, thread = null) {
  const own = (store.ephemerals[store.who] ?? [])
    .filter((m) => (m.channel ?? m.channel_id) === channel.id && !store.dismissed.has(m.ts))
    .map((m) => ({ ...m, ephemeral: true }));
  const belongs = thread
    ? (m) => m.thread_ts === thread || m.ts === thread
    : (m) => !inThread(m) || m.subtype === "thread_broadcast";
  return [...channel.messages, ...own].filter(belongs).sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
}

// what was read, per person, kept by the browser

const box = (() => { try { return window.localStorage; } catch { return null; } })();
const began = `${Math.floor(Date.now() / 1000)}.000000`;

export function unread(channel) {
  if (!channel.is_im && !isMember(channel)) return { count: 0, named: false };
  const mark = box?.getItem(`read ${store.who} ${channel.id}`) ?? began;
  const fresh = channel.messages.filter((m) =>
    m.ts > mark && m.user !== store.who && (!inThread(m) || m.subtype === "thread_broadcast"));
  return { count: fresh.length, named: fresh.some((m) => (m.text ?? "").includes(`<@${store.who}`)) };
}

export function markRead(channel) {
  const last = channel?.messages.at(-1)?.ts;
  if (last) box?.setItem(`read ${store.who} ${channel.id}`, last);
}

// where in the address

/** Home and the mails are no conversations. */
export const isPage = (where = store.where) => where === "home" || where === "mails";

export function readHash() {
  const [who, where, thread] = location.hash.slice(1).split("/").map((part) => decodeURIComponent(part));
  const user = choosable().find((u) => u.name === who) ?? choosable().find((u) => !u.deleted && !u.is_bot);
  store.who = user?.id ?? null;
  const channel = visible().find((c) => c.name === where);
  if (where === "dm" || isPage(where)) store.where = where;
  else store.where = channel?.id ?? firstChannel();
  store.thread = thread && !isPage() ? thread : null;
}

function firstChannel() {
  const mine = visible().filter((channel) => isMember(channel) && !channel.is_archived);
  return (mine.find((c) => /incident/.test(c.name)) ?? mine[0])?.id ?? "dm";
}

/** Go somewhere; what is left out stays. */
export function go({ who = store.who, where = store.where, thread = null }) {
  if (who !== store.who) {
    store.who = who;
    const channel = channelById(where);
    if (channel && !sees(channel)) where = firstChannel();
  }
  Object.assign(store, { where, thread });
  const place = where === "dm" || isPage(where) ? where : channelById(where)?.name ?? where;
  const parts = [me()?.name, place, thread].filter(Boolean).map(encodeURIComponent);
  history.pushState(null, "", `#${parts.join("/")}`);
  changed();
}

export function notice(text, { channel = current()?.id, thread = store.thread } = {}) {
  store.notices.push({ id: `n${Date.now()}${store.notices.length}`, who: store.who, text, channel, thread });
  changed();
}
