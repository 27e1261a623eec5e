/** Block Kit elements: buttons, menus and fields. */

import { button, debounce, h, uid } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { icon } from "./icons.js";
import { plainText, textOf } from "./mrkdwn.js";
import { nameOfConversation, optionRow, picker, rows } from "./picker.js";
import { menu } from "./popup.js";
import { fullName, isPage, person, store } from "./state.js";

/**
 * Draw an element. `how` has: label, describedby, dispatch (tell the app of each change), submit (Enter in a field).
 * Returns {node, control}; null for a type that is not known.
 */
export function element(element, block, surface, how) {
  const type = element.type;
  const draw = PLAIN[type] ?? (/_select$/.test(type) ? select : null);
  return draw ? draw({ element, block, surface, how, fk: `${block.block_id} ${element.action_id}` }) : null;
}

const PLAIN = {
  button: buttonElement,
  workflow_button: buttonElement,
  overflow,
  checkboxes: (it) => choices(it, "checkbox"),
  radio_buttons: (it) => choices(it, "radio"),
  datepicker: (it) => native(it, "date", it.element.initial_date),
  timepicker: (it) => native(it, "time", it.element.initial_time),
  datetimepicker: moment,
  plain_text_input: text,
  email_text_input: text,
  url_text_input: text,
  number_input: text,
  rich_text_input: text,
};

function buttonElement({ element, block, surface, fk }) {
  const style = element.style ? `btn ${element.style}` : "btn";
  const node = button(plainText(element.text), async () => {
    if (element.url && /^https?:/.test(element.url)) window.open(element.url, "_blank", "noopener");
    const during = (yes) => { node.classList.toggle("busy", yes); node.setAttribute("aria-busy", String(yes)); };
    await surface.act(block, element, element.value === undefined ? {} : { value: element.value }, { during });
  }, { class: style, "aria-label": element.accessibility_label, data: { fk } });
  if (element.url) node.append(h("span", { "aria-hidden": "true" }, " ↗"));
  return { node, control: node };
}

function overflow({ element, block, surface, how, fk }) {
  const node = button(icon("options"), () => menu(node, element.options.map((option) => ({
    label: plainText(option.text), note: option.description && plainText(option.description),
    run: () => {
      if (option.url && /^https?:/.test(option.url)) window.open(option.url, "_blank", "noopener");
      void surface.act(block, element, { selected: option.value });
    },
  })), { label: how.label ?? "More actions" }), {
    class: "btn overflow", "aria-label": how.label ?? "More actions", "aria-haspopup": "menu", "aria-expanded": "false", data: { fk },
  });
  return { node, control: node };
}

/** Note a new value, and tell the app if it wants to know each. */
function changed({ element, block, surface, how }, plain, chosen) {
  surface.enter(block, element, plain, chosen);
  how.touched?.();
  if (how.dispatch) void surface.act(block, element, { selected: plain });
}

function select(it) {
  const { element, block, surface, how, fk } = it;
  const multi = element.type.startsWith("multi_");
  const chosen = surface.entered(block, element)?.chosen ?? initial(it);
  return picker(element, {
    chosen, label: how.label ?? element.placeholder?.text ?? "Choose", describedby: how.describedby, focusKey: fk,
    load: async (query) => {
      const answer = await surface.options(block, element, query);
      return answer && rows(answer);
    },
    pick: (picked) => changed(it, multi ? picked.map((one) => one.value) : picked[0]?.value ?? null, picked),
  });
}

function initial({ element, block, surface }) {
  const options = element.initial_options ?? (element.initial_option ? [element.initial_option] : null);
  if (options) return options.map(optionRow);
  const users = element.initial_users ?? (element.initial_user ? [element.initial_user] : null);
  if (users) return users.map((id) => ({ value: id, label: fullName(person(id)) }));
  const one = element.initial_conversation ?? element.initial_channel;
  let places = element.initial_conversations ?? element.initial_channels ?? (one ? [one] : null);
  if (!places && element.default_to_current_conversation && store.where && !isPage()) {
    places = [store.where === "dm" ? store.who : store.where];
    surface.enter(block, element, element.type.startsWith("multi_") ? places : places[0],
      places.map((id) => ({ value: id, label: nameOfConversation(id) })));
  }
  return (places ?? []).map((id) => ({ value: id, label: nameOfConversation(id) }));
}

function choices(it, type) {
  const { element, block, surface, how, fk } = it;
  const single = type === "radio";
  const first = single ? [element.initial_option?.value] : (element.initial_options ?? []).map((option) => option.value);
  const entered = surface.entered(block, element);
  const on = new Set(entered ? [entered.plain].flat() : first);
  const name = uid("choice");
  const inputs = element.options.map((option, place) => h("input", {
    type, name, value: option.value, checked: on.has(option.value), id: `${name}-${place}`, data: { fk: `${fk} ${place}` },
  }));
  const note = () => {
    const values = inputs.filter((input) => input.checked).map((input) => input.value);
    changed(it, single ? values[0] ?? null : values);
  };
  const node = h("div", {
    class: "choices", role: single ? "radiogroup" : "group", "aria-label": how.label, "aria-describedby": how.describedby,
    on: { change: note },
  }, element.options.map((option, place) => h("label", { class: "choice", for: inputs[place].id }, inputs[place],
    h("span", {}, textOf(option.text), option.description ? h("small", {}, textOf(option.description)) : null))));
  return { node, control: inputs[0] };
}

function native(it, type, first) {
  const { element, block, surface, how, fk } = it;
  const entered = surface.entered(block, element);
  const node = h("input", {
    type, class: "field short", value: (entered ? entered.plain : first) ?? "", "aria-label": how.label,
    "aria-describedby": how.describedby, title: element.placeholder?.text, data: { fk },
    on: { change: () => changed(it, node.value || null) },
  });
  return { node, control: node };
}

const two = (number) => String(number).padStart(2, "0");

function moment(it) {
  const { element, block, surface, how, fk } = it;
  const entered = surface.entered(block, element);
  const epoch = entered ? entered.plain : element.initial_date_time;
  const date = epoch ? new Date(epoch * 1000) : null;
  const value = date && `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
    + `T${two(date.getHours())}:${two(date.getMinutes())}`;
  const node = h("input", {
    type: "datetime-local", class: "field short", value: value ?? "", "aria-label": how.label,
    "aria-describedby": how.describedby, data: { fk },
    on: { change: () => changed(it, node.value ? Math.floor(new Date(node.value).getTime() / 1000) : null) },
  });
  return { node, control: node };
}

const TYPES = { email_text_input: "email", url_text_input: "url", number_input: "text" };

function text(it) {
  const { element, block, surface, how, fk } = it;
  const multiline = element.multiline || element.type === "rich_text_input";
  const entered = surface.entered(block, element);
  const first = typeof element.initial_value === "string" ? element.initial_value : "";
  const shared = {
    class: "field", value: (entered ? entered.plain : first) ?? "", "aria-label": how.label,
    "aria-describedby": how.describedby, placeholder: element.placeholder && withEmoji(element.placeholder.text), data: { fk },
  };
  const node = multiline
    ? h("textarea", { rows: 4, ...shared })
    : h("input", { type: TYPES[element.type] ?? "text", inputmode: element.type === "number_input" ? "decimal" : undefined, ...shared });
  const most = element.type === "plain_text_input" ? element.max_length ?? 3000 : null;
  const counter = most ? h("span", { class: "counter", "aria-hidden": "true" }) : null;
  const count = () => {
    if (!counter) return;
    const left = most - node.value.length;
    counter.textContent = element.max_length || left < 200 ? `${left}` : "";
    counter.classList.toggle("over", left < 0);
  };
  const on = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const say = () => void surface.act(block, element, { value: node.value });
  const soon = debounce(say, 300);
  node.addEventListener("input", () => {
    surface.enter(block, element, node.value);
    how.touched?.();
    count();
    if (how.dispatch && on.includes("on_character_entered")) soon();
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing || (multiline && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    if (how.dispatch && on.includes("on_enter_pressed")) say();
    else how.submit?.();
  });
  count();
  return { node: counter ? h("div", { class: "counted" }, node, counter) : node, control: node };
}

/** What Slack's client says instead of submitting; "" when the field is fine. */
export function complaint(block, element, surface) {
  const entry = surface.entered(block, element);
  const firsts = Object.entries(element).find(([name]) => name.startsWith("initial_"));
  const value = entry ? entry.plain : firsts?.[1];
  const empty = value === null || value === undefined || value.length === 0 || (typeof value === "string" && !value.trim());
  if (empty) return block.optional ? "" : "Please complete this required field.";
  if (element.type === "plain_text_input") {
    if (value.length < (element.min_length ?? 0)) return `Please enter at least ${element.min_length} characters.`;
    const most = element.max_length ?? 3000;
    if (value.length > most) return `Please enter no more than ${most} characters (now ${value.length}).`;
  }
  return "";
}
