/** Every select, single or multi: a box to search in, and a list. */

import { debounce, h, iconButton, uid } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { icon } from "./icons.js";
import { popup } from "./popup.js";
import { channelById, fullName, isMember, person, role, store, visible } from "./state.js";

/** Draw a select. `chosen` are {value, label}; `pick` is told the new list. */
export function picker(element, { chosen, label, describedby, load, pick, focusKey }) {
  const kind = element.type.replace("multi_", "");
  const multi = element.type.startsWith("multi_");
  const limit = element.max_selected_items ?? Infinity;
  const listId = uid("list");
  let picked = [...chosen];
  let offered = [];
  let active = 0;
  let close = null;
  let asked = 0;
  let note = "";

  const chips = h("span", { class: "chips" });
  const input = h("input", {
    type: "text", role: "combobox", autocomplete: "off", "aria-expanded": "false", "aria-controls": listId,
    "aria-autocomplete": "list", "aria-label": label, "aria-describedby": describedby, data: { fk: focusKey },
    placeholder: element.placeholder?.text ?? "Choose…",
  });
  const clear = iconButton("close", `Clear ${label}`, () => { set([]); input.focus(); }, { class: "icon clear" });
  const box = h("div", { class: "picker" }, chips, input, clear, h("span", { class: "caret" }, icon("down")));
  const list = h("ul", { id: listId, role: "listbox", class: "menu options", "aria-label": label });
  if (multi) list.setAttribute("aria-multiselectable", "true");

  const isPicked = (option) => picked.some((one) => one.value === option.value);

  function show() {
    chips.replaceChildren(...(multi ? picked.map(chip) : []));
    if (!multi) input.value = picked[0]?.label ?? "";
    clear.hidden = picked.length === 0;
    if (multi) input.placeholder = picked.length ? "" : element.placeholder?.text ?? "Choose…";
  }

  function chip(option) {
    const drop = () => { set(picked.filter((one) => one.value !== option.value)); input.focus(); };
    return h("span", { class: "chip" }, option.label, iconButton("close", `Remove ${option.label}`, drop));
  }

  function set(next) {
    picked = next;
    show();
    pick(picked);
  }

  async function search(query) {
    const turn = (asked += 1);
    note = "Searching…";
    const least = kind === "external_select" ? element.min_query_length ?? 3 : 0;
    if (query.length < least) {
      offered = [];
      note = `Type ${least === 1 ? "a letter" : `${least} letters`} to search`;
    } else {
      if (kind === "external_select") draw();
      const found = kind === "external_select" ? await load(query) : local(element, kind, query);
      if (turn !== asked) return;
      offered = found ?? [];
      note = found ? "Nothing found" : "The app did not answer. Try again.";
    }
    active = Math.max(0, offered.findIndex((option) => !option.heading));
    draw();
  }

  function draw() {
    if (!close) return;
    list.replaceChildren(...offered.map(row));
    if (!offered.length) list.append(h("li", { class: "empty", role: "presentation" }, note));
    mark();
  }

  function row(option, place) {
    if (option.heading) return h("li", { class: "menu-head", role: "presentation" }, option.heading);
    const choose = (event) => { event.preventDefault(); take(option); };
    return h("li", {
      id: `${listId}-${place}`, role: "option", class: "option", "aria-selected": String(isPicked(option)),
      on: { pointerdown: choose },
    }, h("span", {}, option.label, option.note ? h("small", {}, option.note) : null),
    isPicked(option) ? icon("check") : null);
  }

  function mark() {
    [...list.children].forEach((node, place) => node.classList.toggle("active", place === active));
    const node = list.children[active];
    node?.scrollIntoView?.({ block: "nearest" });
    if (node?.id) input.setAttribute("aria-activedescendant", node.id);
    else input.removeAttribute("aria-activedescendant");
  }

  function take(option) {
    if (!multi) {
      shut();
      set([{ value: option.value, label: option.label, option: option.option }]);
    } else if (isPicked(option)) set(picked.filter((one) => one.value !== option.value));
    else if (picked.length < limit) set([...picked, option]);
    if (multi) { input.value = ""; void search(""); }
  }

  function open(query) {
    if (!close) {
      close = popup(box, list, { wide: true, onClose: () => { close = null; input.setAttribute("aria-expanded", "false"); } });
      input.setAttribute("aria-expanded", "true");
    }
    void search(query);
  }

  function shut() {
    close?.();
    close = null;
    asked += 1;
  }

  const later = debounce(open, kind === "external_select" ? 250 : 0);

  function move(step) {
    if (!close) return open("");
    for (let at = active + step; at >= 0 && at < offered.length; at += step) {
      if (!offered[at].heading) { active = at; break; }
    }
    return mark();
  }

  input.addEventListener("input", () => later(input.value));
  input.addEventListener("click", () => { if (!close) { input.select(); open(""); } });
  input.addEventListener("blur", () => { shut(); show(); if (multi) input.value = ""; });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Enter") {
      if (!close) open("");
      else if (offered[active]?.value !== undefined) take(offered[active]);
    } else if (event.key === "Escape" && close) { event.stopPropagation(); shut(); show(); }
    else if (event.key === "Backspace" && multi && !input.value && picked.length) return set(picked.slice(0, -1));
    else return;
    event.preventDefault();
  });
  box.addEventListener("pointerdown", (event) => {
    if (event.target === box || event.target.closest(".caret")) {
      event.preventDefault();
      input.focus();
      if (!close) open("");
    }
  });
  show();
  return { node: box, control: input };
}

export const optionRow = (option) => ({
  value: option.value, label: withEmoji(option.text.text), note: option.description && withEmoji(option.description.text), option,
});

/** Options and groups as rows, groups with a heading. */
export function rows({ options, option_groups: groups }) {
  if (!groups?.length) return (options ?? []).map(optionRow);
  return groups.flatMap((group) => [{ heading: withEmoji(group.label.text) }, ...group.options.map(optionRow)]);
}

function local(element, kind, query) {
  const wanted = query.trim().toLowerCase();
  const all = kind === "static_select" ? rows(element) : people(element, kind);
  const found = all.filter((row) => row.heading || `${row.label} ${row.note ?? ""}`.toLowerCase().includes(wanted));
  return found.filter((row, at) => !row.heading || (found[at + 1] && !found[at + 1].heading)).slice(0, 200);
}

function people(element, kind) {
  const users = () => [...store.users.values()].filter((user) => !user.deleted && user.id !== "USLACKBOT").map((user) => ({
    value: user.id, label: fullName(user), note: `@${user.name} · ${role(user)}`,
  }));
  if (kind === "users_select") return users();
  const include = kind === "channels_select" ? ["public"] : element.filter?.include ?? ["public", "private", "im"];
  const channels = visible()
    .filter((channel) => !channel.is_archived && include.includes(channel.is_private ? "private" : "public"))
    .filter((channel) => !(element.filter?.exclude_external_shared_channels && channel.is_ext_shared))
    .filter((channel) => !channel.is_private || isMember(channel))
    .map((channel) => ({ value: channel.id, label: nameOfConversation(channel.id) }));
  return include.includes("im") ? [...channels, ...users().filter((row) => row.value !== store.who)] : channels;
}

export function nameOfConversation(id) {
  const channel = channelById(id);
  if (channel && !channel.is_im) return `#${channel.name}${channel.is_private ? " (private)" : ""}`;
  return fullName(person(channel?.is_im ? channel.user : id));
}
