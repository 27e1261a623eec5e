/** Where blocks stand: a message, a modal or the Home tab. It keeps what was entered and brings clicks to the app. */

import * as api from "./api.js";
import { toast } from "./dom.js";
import { plainText, textOf } from "./mrkdwn.js";
import { nameOfConversation, optionRow } from "./picker.js";
import { ask } from "./popup.js";
import { fullName, person, store } from "./state.js";

const kept = new Map();

function entriesOf(id) {
  if (!kept.has(id)) kept.set(id, new Map());
  return kept.get(id);
}

export function messageSurface(channel, message) {
  return surface(`message ${store.who} ${channel.id} ${message.ts}`, { channel: channel.id, message_ts: message.ts });
}

export function viewSurface(view) {
  return surface(`view ${view.id}`, { view_id: view.id }, view);
}

function surface(id, address, view = null) {
  const entries = entriesOf(id);
  const name = (block, element) => JSON.stringify([block.block_id, element.action_id, element.type]);
  return {
    id, view,
    /** {plain, chosen} that the person entered here, or undefined if untouched. */
    entered: (block, element) => entries.get(name(block, element)) ?? held(view, block, element),
    enter: (block, element, plain, chosen) => entries.set(name(block, element), { plain, chosen }),
    /** Entered values of fields that are still there, as the workspace reads them. */
    values(blocks) {
      const values = {};
      for (const { block, element } of fields(blocks)) {
        const entry = entries.get(name(block, element));
        if (entry) (values[block.block_id] ??= {})[element.action_id] = entry.plain;
      }
      return values;
    },
    async act(block, element, what, { blocks = view?.blocks, during = () => {} } = {}) {
      if (element.confirm && !(await confirmed(element.confirm))) return false;
      during(true);
      const values = view ? { values: this.values(blocks ?? []) } : {};
      const body = { user: store.who, ...address, action_id: element.action_id, block_id: block.block_id, ...values, ...what };
      await tell(() => api.call("action", body));
      during(false);
      return true;
    },
    /** Rows for an external select; null when the app did not answer. */
    async options(block, element, value) {
      const body = { user: store.who, ...address, action_id: element.action_id, block_id: block.block_id, value };
      try {
        const answer = await api.call("options", body);
        return api.trouble(answer.ack) ? null : answer;
      } catch {
        return null;
      }
    },
  };
}

/** What the workspace holds for a field: it outlives an update that no longer names the initial value. */
function held(view, block, element) {
  const { type, ...field } = view?.state?.values?.[block.block_id]?.[element.action_id] ?? {};
  const value = Object.values(field)[0];
  if (type !== element.type || value === null || value === undefined || value.length === 0) return undefined;
  const many = [value].flat();
  if (many[0]?.value !== undefined) {
    return { plain: Array.isArray(value) ? many.map((option) => option.value) : value.value, chosen: many.map(optionRow) };
  }
  const label = (id) => (type.includes("users") ? fullName(person(id)) : nameOfConversation(id));
  return { plain: value, chosen: type.endsWith("_select") ? many.map((id) => ({ value: id, label: label(id) })) : [] };
}

/** Every element that has a value, with its block. */
export function fields(blocks) {
  const stateless = new Set(["button", "overflow", "image", "workflow_button"]);
  const all = blocks.flatMap((block) => [block.element, block.accessory, ...(block.elements ?? [])]
    .filter((element) => element?.action_id).map((element) => ({ block, element })));
  return all.filter(({ element }) => !stateless.has(element.type));
}

function confirmed(confirm) {
  return ask({
    title: plainText(confirm.title), text: textOf(confirm.text), style: confirm.style,
    confirm: plainText(confirm.confirm), deny: plainText(confirm.deny),
  });
}

/** Do something that reaches the app, and say so when it got no answer. */
export async function tell(run, what = "The app") {
  try {
    const answer = await run();
    const words = api.trouble(answer.ack, what);
    if (words) toast(words, { trouble: true });
    return answer;
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    toast(`Not possible: ${error.message}`, { trouble: true });
    return null;
  }
}
