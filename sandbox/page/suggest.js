/** What the message box offers while somebody types: commands, people, channels. */

import { h, uid } from "./dom.js";
import { popup } from "./popup.js";
import { bot, fullName, role, store, visible } from "./state.js";

export function suggestions(text, context) {
  const listId = uid("offers");
  const list = h("ul", { id: listId, role: "listbox", class: "menu options", "aria-label": "Suggestions" });
  let offers = [];
  let active = 0;
  let shut = null;
  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-controls", listId);

  function look() {
    const found = offersFor(text.value.slice(0, text.selectionStart), context());
    offers = found;
    active = 0;
    if (!offers.length) return close();
    if (!shut) shut = popup(text.closest(".composer-box"), list, { wide: true, onClose: () => { shut = null; } });
    draw();
    // It stands above the box, also after it grew.
    window.dispatchEvent(new Event("resize"));
    return undefined;
  }

  function draw() {
    list.replaceChildren(...offers.map((offer, place) => h("li", {
      id: `${listId}-${place}`, role: "option", class: place === active ? "option active" : "option",
      "aria-selected": String(place === active),
      on: { pointerdown: (event) => { event.preventDefault(); take(offer); } },
    }, h("span", {}, h("strong", {}, offer.name), offer.more ? h("span", { class: "more" }, ` ${offer.more}`) : null,
      offer.note ? h("small", {}, offer.note) : null))));
    text.setAttribute("aria-activedescendant", `${listId}-${active}`);
    list.children[active]?.scrollIntoView({ block: "nearest" });
  }

  function take(offer) {
    if (offer.insert !== undefined) {
      const at = text.selectionStart;
      const start = at - offer.typed.length;
      text.setRangeText(offer.insert, start, at, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function close() {
    shut?.();
    shut = null;
    offers = [];
    text.removeAttribute("aria-activedescendant");
  }

  text.addEventListener("input", look);
  text.addEventListener("blur", close);
  text.addEventListener("keydown", (event) => {
    if (!shut || !offers.length) return;
    const chosen = offers[active];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      active = (active + (event.key === "ArrowDown" ? 1 : -1) + offers.length) % offers.length;
      draw();
    } else if (event.key === "Escape") close();
    else if (event.key === "Enter" && chosen.insert?.trim() === chosen.typed) return;
    else if ((event.key === "Enter" || event.key === "Tab") && chosen.insert !== undefined && !event.shiftKey) take(chosen);
    else return;
    event.preventDefault();
  });
  return { close };
}

function offersFor(before, { thread }) {
  const typed = /(?:^|\s)([@#][\w.-]*)$/.exec(before)?.[1];
  if (typed?.startsWith("@")) return people(typed);
  if (typed?.startsWith("#")) return channels(typed);
  if (!thread && /^\/\S*$/.test(before)) return commands(before);
  const command = !thread && /^(\/\S+)\s/.exec(before)?.[1];
  const known = command && store.manifest.commands.find((one) => one.command === command);
  return known?.usage_hint ? [{ name: known.command, more: known.usage_hint, note: known.description }] : [];
}

function commands(typed) {
  return store.manifest.commands.filter((one) => one.command.startsWith(typed)).map((one) => ({
    name: one.command, more: one.usage_hint, note: one.description, typed, insert: `${one.command} `,
  }));
}

function people(typed) {
  const wanted = typed.slice(1).toLowerCase();
  return [...store.users.values()]
    .filter((user) => !user.deleted && user.id !== "USLACKBOT")
    .filter((user) => `${user.name} ${user.real_name}`.toLowerCase().split(" ").some((word) => word.startsWith(wanted)))
    .sort((a, b) => Number(b.id === bot()?.id) - Number(a.id === bot()?.id))
    .slice(0, 8)
    .map((user) => {
      const handle = user.id === bot()?.id ? user.real_name : user.name;
      return { name: fullName(user), more: `@${user.name}`, note: role(user), typed, insert: `@${handle} ` };
    });
}

function channels(typed) {
  const wanted = typed.slice(1).toLowerCase();
  return visible().filter((channel) => channel.name.includes(wanted)).slice(0, 8)
    .map((channel) => ({ name: `#${channel.name}`, note: channel.is_private ? "private" : "", typed, insert: `#${channel.name} ` }));
}
