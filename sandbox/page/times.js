/** Times in the zone of whoever is looking. */

import { me } from "./state.js";

const zone = () => me()?.tz ?? undefined;
const format = (date, options) => new Intl.DateTimeFormat("en-GB", { timeZone: zone(), ...options }).format(date);

export const ofTs = (ts) => new Date(Number(ts.split(".")[0]) * 1000);
export const clock = (date) => format(date, { hour: "2-digit", minute: "2-digit" });
export const full = (date) => format(date, { dateStyle: "full", timeStyle: "medium" });
export const dayKey = (date) => format(date, { year: "numeric", month: "2-digit", day: "2-digit" });

export function day(date) {
  return near(date) ?? format(date, { weekday: "long", day: "numeric", month: "long" });
}

function near(date) {
  const off = (days) => dayKey(new Date(Date.now() + days * 86400000));
  const key = dayKey(date);
  return { [off(0)]: "Today", [off(-1)]: "Yesterday", [off(1)]: "Tomorrow" }[key] ?? null;
}

export function ago(date) {
  const seconds = Math.round((date - Date.now()) / 1000);
  const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return "just now";
}

const TOKENS = {
  date_num: (d) => format(d, { year: "numeric", month: "2-digit", day: "2-digit" }).split("/").reverse().join("-"),
  date_slash: (d) => format(d, { year: "numeric", month: "2-digit", day: "2-digit" }),
  date: (d) => format(d, { day: "numeric", month: "long", year: "numeric" }),
  date_short: (d) => format(d, { day: "numeric", month: "short", year: "numeric" }),
  date_long: (d) => format(d, { weekday: "long", day: "numeric", month: "long", year: "numeric" }),
  date_pretty: (d) => near(d)?.toLowerCase() ?? TOKENS.date(d),
  date_short_pretty: (d) => near(d)?.toLowerCase() ?? TOKENS.date_short(d),
  date_long_pretty: (d) => near(d)?.toLowerCase() ?? TOKENS.date_long(d),
  day_divider_pretty: (d) => near(d) ?? TOKENS.date_long(d),
  time: clock,
  time_secs: (d) => format(d, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago,
};

/** Slack's date format: {date_short} at {time}; null when it has a token that does not exist. */
export function dated(epoch, pattern) {
  const date = new Date(epoch * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const words = pattern.replace(/\{(\w+)\}/g, (_, token) => TOKENS[token]?.(date) ?? ((known = false), ""));
  return known ? words.replace(/^./, (first) => first.toUpperCase()) : null;
}
