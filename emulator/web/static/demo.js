// Tells the story: shows what has happened since, sends the buttons without leaving the page, and listens to the keys of a presenter.
const view = document.getElementById("view");
const lost = document.getElementById("lost");
const LOOK_MS = 700;
const KEYS = { ArrowRight: "next", PageDown: "next", ArrowLeft: "back", PageUp: "back", r: "again", R: "again" };

let busy = false; // a step is being done
let wanted = view.getAttribute("src") || ""; // what the buyer is to see
let sent = ""; // where the frame was sent, until it gets there
const known = Object.fromEntries(lives(document).map((part) => [part.id, part.outerHTML])); // as the server wrote them last

function lives(page) {
  return [...page.querySelectorAll("[data-live]")];
}

// Parts that have changed are put in place of the old ones; what is open stays open, and the focus stays where it was.
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
  showStory();
  if (fresh.title) document.title = fresh.title;
  if (focused && document.activeElement.id !== focused) document.getElementById(focused)?.focus();
  see(document.getElementById("sight").dataset.view);
}

// On a phone the stories are a strip.
function showStory() {
  const strip = document.getElementById("stories");
  const current = strip.querySelector("[aria-current]").parentElement;
  if (strip.dataset.shown !== current.textContent) strip.scrollLeft = current.offsetLeft - strip.offsetLeft - 16;
  strip.dataset.shown = current.textContent;
}

function key(address) {
  const url = new URL(address, location.href);
  return url.pathname + (url.searchParams.get("code") || "");
}

// The buyer may have gone on within the frame: only another page than the one that was wanted before is shown.
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

// The page in the frame may load itself anew just when it is sent on, and be faster: it is sent on once more.
function arrive() {
  if (sent && key(shown()) !== key(sent)) send(sent);
  sent = "";
}

function shown() {
  try {
    return view.contentWindow.location.href;
  } catch (error) {
    return "about:blank"; // the browser's own page about a server that did not answer
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

// Whoever types keeps the keys; in a field that is still empty an arrow goes on.
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
// A presenter who has pressed a button of the buyer's page goes on by the same keys.
view.addEventListener("load", () => {
  view.contentDocument?.addEventListener("keydown", press);
  arrive();
});
view.contentDocument?.addEventListener("keydown", press);
showStory();
look();
