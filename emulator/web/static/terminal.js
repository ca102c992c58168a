// The screen of a card terminal: shows its state, from a stream of events or by polling, and sends the acts.
const device = document.querySelector(".device");
const printed = document.querySelector(".printed");
const glass = device.querySelector(".glass");
const paper = printed.querySelector(".paper");
const words = JSON.parse(device.dataset.words);
const one = (name) => document.querySelector(`[data-${name}]`);
const every = (name) => [...document.querySelectorAll(`[data-${name}]`)];
const UNHAPPY = ["DECLINED", "CANCELLED", "FAILED"];
const LEAST_DIGITS = 4;
const ASK_MS = 1000;
const STREAM_AGAIN_MS = 3000;

let typed = 0; // the number of typed digits of the PIN; the digits themselves are not stored
let shown = null;
// When the terminal stops waiting, in milliseconds of this browser's clock. Null while it does not wait, or
// while the emulator's clock is stopped.
let gives_up_at = null;
let stream = null;
let asking = null;

function show(state) {
  const before = device.dataset.view;
  shown = state;
  const view = state.online ? state.state : "OFFLINE";
  const had_focus = device.contains(document.activeElement);
  device.dataset.view = view;
  every("views").forEach((part) => part.toggleAttribute("hidden", !part.dataset.views.split(" ").includes(view)));
  const transaction = state.transaction;
  one("host").hidden = view !== "AUTHORISING" || state.left_ms === null;
  every("act").forEach((button) => { button.disabled = !state.possible.includes(button.dataset.act); });
  every("digit").concat(every("clear")).forEach((key) => { key.disabled = !state.possible.includes("pin"); });
  every("switch").forEach((button) => turn(button, state[button.dataset.switch]));
  if (transaction) tell(view, transaction);
  say(one("says"), words[view]);
  say(one("lost"), "");
  if (view !== before) wipe();
  if (had_focus && !device.contains(document.activeElement)) glass.focus({ preventScroll: true });
  const left = state.left_ms;
  gives_up_at = left === null || state.frozen ? null : performance.now() + left;
  showLeft(left);
  print(transaction);
}

function say(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function tell(view, transaction) {
  const [requested, approved] = [transaction.requested_amount, transaction.trans_amount].map((sum) => `${transaction.currency} ${sum}`);
  const in_part = view === "APPROVED" && requested !== approved;
  say(one("operation"), words[transaction.operation]);
  say(one("sum"), view === "APPROVED" ? approved : requested);
  one("sum").classList.toggle("long", one("sum").textContent.length > 11);
  say(one("rest"), in_part ? words.of_requested.replace("#", requested) : "");
  const why = UNHAPPY.includes(view) && !words.repeats.includes(transaction.message) ? transaction.message : "";
  say(one("why"), words.messages[why] || why);
  one("why").lang = words.messages[why] ? document.documentElement.lang : "en";
  say(one("order"), transaction.out_trade_no);
  device.querySelector(".reader").dataset.entry = transaction.entry;
}

function turn(button, on) {
  button.setAttribute("aria-checked", String(on));
  button.form.action = on ? button.form.dataset.off : button.form.dataset.on;
}

function showLeft(milliseconds) {
  const place = one("left");
  place.hidden = milliseconds === null;
  if (milliseconds === null) return;
  place.querySelector("progress").value = milliseconds;
  say(place.querySelector("span"), words.seconds.replace("#", Math.ceil(milliseconds / 1000)));
}

async function print(transaction) {
  const [number, result] = transaction && transaction.trade_status ? [transaction.transactionResultId, transaction.trade_status] : ["", ""];
  const { number: had, result: had_result } = printed.dataset;
  if (had === number && had_result === result) return;
  Object.assign(printed.dataset, { number, result });
  printed.hidden = true;
  if (!number) return;
  const answer = await fetch(printed.dataset.receipt);
  if (!answer.ok || printed.dataset.number !== number) return;
  layOut(paper, await answer.text());
  printed.classList.add("fresh");
  printed.hidden = false;
}

// The PIN pad.

function wipe() {
  press(-typed);
  say(one("hint"), words.pin_hint);
}

function press(digits) {
  typed = Math.min(12, Math.max(0, typed + digits));
  one("dots").textContent = "●".repeat(typed);
  one("dots").setAttribute("aria-label", `${device.dataset.typed} ${typed}`);
}

function isComplete() {
  if (typed < LEAST_DIGITS) say(one("hint"), words.pin_short);
  return typed >= LEAST_DIGITS;
}

// The acts.

// After an accepted act its key stays disabled until the screen shows the new state: a second press would be
// too late.
async function send(address, button) {
  button.disabled = true;
  let taken = false;
  try {
    const answer = await fetch(address, { method: "POST", headers: { Accept: "application/json" } });
    taken = answer.ok;
    if (!taken || !isStreaming()) await ask();
  } catch (error) {
    say(one("lost"), words.disconnected);
  }
  if (!button.dataset.act) button.disabled = false;
  else if (!taken) button.disabled = !shown || !shown.possible.includes(button.dataset.act);
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = event.submitter;
  if (button.dataset.act === "pin" && !isComplete()) return;
  send(button.hasAttribute("formaction") ? button.formAction : event.target.action, button);
});

every("digit").forEach((key) => key.addEventListener("click", () => press(1)));
one("clear").addEventListener("click", wipe);
// A click on a key does not move the focus, so that Enter still presses the green key.
device.querySelector(".keys").addEventListener("mousedown", (event) => event.preventDefault());

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const press_key = (key) => { if (!key.disabled) { event.preventDefault(); key.click(); } };
  const key_of = { Escape: "[data-act=cancel]", Delete: "[data-clear]" };
  if (/^[0-9]$/.test(event.key)) press_key(device.querySelector(`[data-digit="${event.key}"]`));
  else if (key_of[event.key]) press_key(device.querySelector(key_of[event.key]));
  else if (event.key === "Backspace" && device.dataset.view === "PIN_ENTRY") press(-1);
  else if (event.key === "Enter" && !event.target.closest("a, button")) press_key(device.querySelector("[data-act=pin]"));
});

// The receipt.

function save() {
  const link = document.createElement("a");
  link.href = picture(paper.textContent);
  link.download = `receipt-${printed.dataset.number}.png`;
  link.click();
}

[["png", save], ["print", () => window.print()]].forEach(([name, act]) => {
  one(name).hidden = false;
  one(name).addEventListener("click", act);
});
layOut(paper, paper.textContent);

// The updates.

async function ask() {
  clearTimeout(asking);
  try {
    const answer = await fetch(device.dataset.state);
    if (answer.status === 404) return location.reload();
    if (answer.ok) show(await answer.json());
  } catch (error) {
    say(one("lost"), words.disconnected);
  }
  if (!document.hidden && !isStreaming()) asking = setTimeout(ask, ASK_MS);
}

function isStreaming() {
  return stream !== null && stream.readyState === EventSource.OPEN;
}

function follow() {
  if (stream || document.hidden) return;
  stream = new EventSource(device.dataset.events);
  stream.onmessage = (event) => {
    clearTimeout(asking);
    show(JSON.parse(event.data));
  };
  stream.onerror = () => {
    if (stream.readyState === EventSource.CLOSED) {
      stream = null;
      setTimeout(follow, STREAM_AGAIN_MS);
    }
    ask();
  };
}

function rest() {
  clearTimeout(asking);
  if (stream) stream.close();
  stream = null;
}

setInterval(() => {
  if (gives_up_at !== null) showLeft(Math.max(0, gives_up_at - performance.now()));
}, 200);
// A browser opens few connections to a server, so a hidden screen closes its stream.
document.addEventListener("visibilitychange", () => (document.hidden ? rest() : follow()));
follow();
