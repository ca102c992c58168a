// Updates a page after events: loads it again, and its parts take over the differences. Events come from a
// stream; without a stream for this window, the emulator is polled every few seconds.
import { putRight } from "./clock.js";
import { morph } from "./morph.js";

const { dataset } = document.body;
const word = document.querySelector("[data-pulse-word]");
const BETWEEN_MS = 600;
const LOOK_MS = { live: 10000, polling: 2000, away: 2000 };
// The number of polls until the stream is tried again: another window may have closed its own meanwhile.
const LOOKS_BEFORE_STREAM = 15;
let [newest, stream, state, timer, under, again, looks] = [dataset.newest, null, "", 0, false, false, 0];

function tell(now) {
  state = now;
  word.dataset.state = now;
  word.textContent = word.dataset[now];
}

// Keeps the first visible row in its place when rows are added above it.
function keepingTheView(change) {
  const rows = window.scrollY > 0 ? [...document.querySelectorAll("[data-part] [data-key]")] : [];
  const seen = rows.find((row) => row.getBoundingClientRect().top >= 0);
  const before = seen && seen.getBoundingClientRect().top;
  change();
  if (seen && seen.isConnected) window.scrollBy(0, seen.getBoundingClientRect().top - before);
}

async function bringUpToDate() {
  if (under) {
    again = true;
    return;
  }
  under = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Console-Live": "1" } });
    if ([401, 404].includes(answer.status)) return location.reload(); // signed out, or deleted by a reset
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch (error) {
    tell("away");
  } finally {
    setTimeout(() => {
      under = false;
      if (again) bringUpToDate();
      again = false;
    }, BETWEEN_MS);
  }
}

function take(fresh) {
  newest = fresh.body.dataset.newest;
  keepingTheView(() => document.querySelectorAll("[data-part]").forEach((part) => {
    const other = fresh.getElementById(part.id);
    if (other) morph(part, other);
  }));
}

async function look() {
  clearTimeout(timer);
  try {
    const answer = await fetch(dataset.pulse);
    if (answer.status === 401) return location.reload();
    const pulse = await answer.json();
    putRight(pulse);
    if (state !== "live") tell("polling");
    if (pulse.newest !== newest) bringUpToDate();
    newest = pulse.newest;
  } catch (error) {
    tell("away");
  }
  if (document.hidden) return;
  looks += 1;
  if (stream.readyState === EventSource.CLOSED && looks % LOOKS_BEFORE_STREAM === 0) return listen();
  timer = setTimeout(look, LOOK_MS[state]);
}

function listen() {
  stream = new EventSource(dataset.events);
  stream.addEventListener("open", () => { tell("live"); look(); });
  stream.addEventListener("error", () => { tell(stream.readyState === EventSource.CLOSED ? "polling" : "away"); look(); });
  dataset.follows.split(" ").forEach((kind) => stream.addEventListener(kind, bringUpToDate));
}

// A hidden window closes its stream, so that it takes no resources of the emulator.
function seenOrNot() {
  if (stream) stream.close();
  clearTimeout(timer);
  if (!document.hidden) listen();
}

export function follow() {
  document.addEventListener("visibilitychange", seenOrNot);
  window.addEventListener("pagehide", () => stream && stream.close());
  window.addEventListener("pageshow", (event) => event.persisted && seenOrNot());
  seenOrNot();
}
