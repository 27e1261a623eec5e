/** Who one is, and where one can go. */

import { arrows, byId, h } from "./dom.js";
import { icon } from "./icons.js";
import { unreadMails } from "./mails.js";
import { avatar } from "./messages.js";
import { popup } from "./popup.js";
import { bot, choosable, dmOf, fullName, go, isMember, me, role, store, unread, visible } from "./state.js";

let print = "";

export function drawSidebar(leave) {
  const box = byId("sidebar");
  const mine = visible().filter((channel) => isMember(channel));
  const others = visible().filter((channel) => !isMember(channel));
  const marks = [...mine, dmOf()].map((channel) => [channel.id, channel.name, channel.is_archived, unread(channel)]);
  const next = JSON.stringify([store.who, store.where, store.people, marks, unreadMails(), others.map((c) => [c.id, c.name]), store.manifest]);
  if (next === print) return;
  print = next;
  const held = document.activeElement?.closest?.("#sidebar [data-fk]")?.dataset.fk;
  const open = (where) => { go({ where }); leave(); };
  box.replaceChildren(
    switcher(),
    h("div", { class: "places" },
      mine.some((channel) => !channel.is_archived)
        ? group("Channels", mine.filter((channel) => !channel.is_archived).map((channel) => item(channel, open))) : null,
      mine.some((channel) => channel.is_archived)
        ? group("Archived", mine.filter((channel) => channel.is_archived).map((channel) => item(channel, open))) : null,
      others.length ? group("Not joined", others.map((channel) => item(channel, open))) : null,
      group("Direct messages", [item(dmOf(), open)]),
      store.manifest.home === false ? null : group("Apps", [place("home", "home", `${bot()?.real_name ?? "App"} (Home)`, () => open("home"))]),
      group("Outside Slack", [place("mails", "mail", "Mails", () => open("mails"), { count: unreadMails() })])));
  arrows(box.querySelector(".places"), () => [...box.querySelectorAll(".place")]);
  if (held) box.querySelector(`[data-fk="${CSS.escape(held)}"]`)?.focus();
}

function group(name, rows) {
  return h("section", { class: "group" }, h("h2", {}, name), h("ul", {}, rows.map((row) => h("li", {}, row))));
}

function item(channel, open) {
  if (channel.is_im) return place("dm", "dm", fullName(bot()), () => open("dm"), unread(channel));
  const sign = channel.is_archived ? "archive" : channel.is_private ? "lock" : "hash";
  const words = [channel.name, channel.is_private ? "private" : "", channel.is_archived ? "archived" : "",
    channel.is_ext_shared ? "shared" : ""].filter(Boolean);
  return place(channel.id, sign, channel.name, () => open(channel.id), unread(channel), words.join(", "), channel.is_ext_shared);
}

function place(key, sign, name, run, fresh = { count: 0 }, words = name, shared = false) {
  const here = store.where === key;
  return h("button", {
    type: "button", class: fresh.count && !here ? "place fresh" : "place", data: { fk: `place ${key}` },
    "aria-current": here ? "page" : undefined, "aria-label": fresh.count && !here ? `${words}, ${fresh.count} unread` : words, on: { click: run },
  }, h("span", { class: "sign" }, icon(sign)), h("span", { class: "place-name" }, name),
  shared ? h("span", { class: "shared", title: "Shared with another organisation" }, icon("share")) : null,
  fresh.count && !here ? h("span", { class: fresh.named ? "mark named" : "mark" }, fresh.named ? `@${fresh.count}` : String(fresh.count)) : null);
}

function switcher() {
  const user = me();
  const opener = h("button", {
    type: "button", class: "switcher", "aria-haspopup": "listbox", "aria-expanded": "false", data: { fk: "switcher" },
    "aria-label": `You are ${fullName(user)}, ${role(user)}. Change person`, on: { click: () => choose(opener) },
  }, avatar(user, fullName(user)), h("span", { class: "who" }, h("small", {}, "You are"), h("strong", {}, fullName(user)),
    h("small", {}, role(user))), h("span", { class: "caret" }, icon("down")));
  return h("div", { class: "switch" }, h("div", { class: "workspace" }, "Local workspace"), opener);
}

function choose(opener) {
  const list = h("div", { class: "menu people", role: "listbox", "aria-label": "Who are you?" });
  let close = () => {};
  for (const user of choosable()) {
    list.append(h("button", {
      type: "button", role: "option", class: "menu-item person", "aria-selected": String(user.id === store.who),
      on: { click: () => { close(); go({ who: user.id }); document.querySelector(".switcher")?.focus(); } },
    }, avatar(user, fullName(user)), h("span", { class: "menu-words" }, fullName(user),
      h("small", {}, [role(user), user.profile?.title].filter(Boolean).join(" · ")))));
  }
  const choices = () => [...list.querySelectorAll("[role=option]")];
  arrows(list, choices);
  list.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" && event.key !== "Tab") return;
    event.preventDefault();
    close();
    opener.focus();
  });
  opener.setAttribute("aria-expanded", "true");
  close = popup(opener, list, { wide: true, tall: 620, onClose: () => opener.setAttribute("aria-expanded", "false") });
  (list.querySelector("[aria-selected=true]") ?? choices()[0])?.focus();
}
