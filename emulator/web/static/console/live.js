// Brings a page up to date when something has happened: it is asked for once more, and its parts take over what is different.
// Events come by a stream; while there is none for this window, the emulator is looked at every few seconds.
import { putRight } from "./clock.js";
import { morph } from "./morph.js";

const { dataset } = document.body;
const word = document.querySelector("[data-pulse-word]");
const BETWEEN_MS = 600;
const LOOK_MS = { live: 10000, polling: 2000, away: 2000 };
const LOOKS_BEFORE_STREAM = 15; // another window may have left its stream
let [newest, stream, state, timer, under, again, looks] = [dataset.newest, null, "", 0, false, false, 0];

function tell(now) {
  state = now;
  word.dataset.state = now;
  word.textContent = word.dataset[now];
}

// The first row that can be seen stays where it is when rows come in above it.
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
    if ([401, 404].includes(answer.status)) return location.reload(); // signed out, or forgotten by a reset
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
    const told = await answer.json();
    putRight(told);
    if (state !== "live") tell("polling");
    if (told.newest !== newest) bringUpToDate();
    newest = told.newest;
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

// A window that nobody sees takes no thread of the emulator.
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
