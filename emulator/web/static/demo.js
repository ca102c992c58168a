// The demo's page: polls for changes, submits forms without leaving the page, shows messages as they travel, and
// handles a presenter's keys.
const view = document.getElementById("view");
const lost = document.getElementById("lost");
const stage = document.getElementById("stage");
const track = document.querySelector(".track");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const LOOK_MS = 700;
const TRAVEL_MS = 1100;
const KEYS = { ArrowRight: "next", PageDown: "next", ArrowLeft: "back", PageUp: "back", r: "again", R: "again" };

let busy = false; // a step is in progress
let wanted = view.getAttribute("src") || ""; // the page that the buyer's frame should show
let sent = ""; // the address to which the frame was last sent, until it has loaded
// The parts of the page as the server last sent them.
const known = Object.fromEntries(lives(document).map((part) => [part.id, part.outerHTML]));

function lives(page) {
  return [...page.querySelectorAll("[data-live]")];
}

// Replaces the parts that have changed. Open details stay open, and the focus is kept.
function take(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const focused = document.activeElement ? document.activeElement.id : "";
  for (const part of lives(fresh)) {
    if (known[part.id] === part.outerHTML) continue;
    known[part.id] = part.outerHTML;
    const place = document.getElementById(part.id);
    const open = [...place.querySelectorAll("details[open]")].map((details) => details.id);
    place.replaceChildren(...part.childNodes);
    if (part.dataset.view !== undefined) place.dataset.view = part.dataset.view;
    open.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  }
  stage.dataset.place = fresh.getElementById("stage").dataset.place;
  showStory();
  travel();
  if (fresh.title) document.title = fresh.title;
  if (focused && document.activeElement.id !== focused) document.getElementById(focused)?.focus();
  see(document.getElementById("sight").dataset.view);
}

// Scrolls to the current story: on a phone the list of stories is a strip that scrolls sideways.
function showStory() {
  const strip = document.getElementById("stories");
  const current = strip.querySelector("[aria-current]").parentElement;
  if (strip.dataset.shown !== current.textContent) strip.scrollLeft = current.offsetLeft - strip.offsetLeft - 16;
  strip.dataset.shown = current.textContent;
}

const travelled = new Set([...document.querySelectorAll("#messages li")].map((message) => message.id));
let travels = Promise.resolve(); // one message travels at a time

// Lets the messages travel that have not done so, one after the other.
function travel() {
  for (const message of document.querySelectorAll("#messages li")) {
    if (travelled.has(message.id)) continue;
    travelled.add(message.id);
    if (still.matches) continue;
    message.classList.add("travelling");
    const { from, to } = message.dataset;
    travels = travels.then(() => move(message.querySelector("strong").textContent, message.className, from, to)).then(
      () => document.getElementById(message.id)?.classList.remove("travelling"));
  }
}

function middle(station) {
  const place = track.querySelector(`[data-station="${station}"]`);
  return place.offsetLeft + place.offsetWidth / 2;
}

// A lost message stops half-way and fades.
async function move(text, kind, from, to) {
  const pill = document.createElement("span");
  pill.className = `pill ${kind.replace("travelling", "")}`;
  pill.textContent = text;
  track.append(pill);
  const lost = pill.classList.contains("lost");
  const [start, end] = [middle(from), middle(to)].map((x) => x - pill.offsetWidth / 2);
  const stop = lost ? (start + end) / 2 : end;
  const at = (x) => `translate(${Math.min(Math.max(x, 0), track.offsetWidth - pill.offsetWidth)}px, -50%)`;
  const frames = [
    { transform: at(start), opacity: 0.3 }, { opacity: 1, offset: 0.15 },
    { transform: at(stop), opacity: 1, offset: 0.8 }, { transform: at(stop), opacity: lost ? 0 : 1 }];
  await pill.animate(frames, { duration: TRAVEL_MS, easing: "ease-in-out" }).finished;
  pill.remove();
}

function key(address) {
  const url = new URL(address, location.href);
  return url.pathname + (url.searchParams.get("code") || "");
}

// Loads another page into the frame. If the wanted page is the same as before, the frame stays as it is,
// because the buyer may have gone on inside it.
function see(address) {
  if (address === wanted) return;
  wanted = address;
  view.hidden = !address;
  if (!address || key(shown()) !== key(address)) send(address || "about:blank");
  sent = address;
}

function send(address) {
  view.contentWindow.location.replace(new URL(address, location.href));
}

// The page in the frame may reload itself just when it is sent elsewhere, and win. Then it is sent once more.
function arrive() {
  if (sent && key(shown()) !== key(sent)) send(sent);
  sent = "";
}

function shown() {
  try {
    return view.contentWindow.location.href;
  } catch (error) {
    return "about:blank"; // the frame shows the browser's own error page, which scripts may not read
  }
}

async function ask(address, options) {
  try {
    const answer = await fetch(address, options);
    const html = await answer.text();
    if (answer.ok) take(html);
    lost.textContent = answer.ok ? "" : `${lost.dataset.says} (${answer.status})`;
  } catch (error) {
    lost.textContent = lost.dataset.says;
  }
}

async function look() {
  if (!busy && !document.hidden) await ask(location.href);
  setTimeout(look, LOOK_MS);
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (busy) return;
  busy = true;
  document.body.classList.add("busy");
  await ask(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
  busy = false;
  document.body.classList.remove("busy");
});

// Whether a key belongs to a form field. In an empty field, arrow keys still move through the story.
function isTyping(event) {
  const field = event.target.closest?.("input, select, textarea");
  return Boolean(field) && (event.key.length === 1 || field.value !== "" || field.tagName === "SELECT");
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event)) return;
  const button = document.getElementById(KEYS[event.key]);
  if (!button) return;
  event.preventDefault();
  if (!button.disabled) button.click();
}

document.addEventListener("keydown", press);
// The keys also work while the focus is in the buyer's page.
view.addEventListener("load", () => {
  view.contentDocument?.addEventListener("keydown", press);
  arrive();
});
view.contentDocument?.addEventListener("keydown", press);
showStory();
look();
