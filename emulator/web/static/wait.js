// Polls a waiting order: counts down its time, and shows the result when it is paid or closed.
const sheet = document.querySelector("[data-state]");
const clock = document.querySelector("[data-left]");
const every = Number(sheet.dataset.every || 1000); // milliseconds
const tick = document.querySelector("[data-tick]"); // replaces the scanned code after the payment
const TICK_MS = 1500;
// A form was submitted: its response decides the next page, even if the order changes before.
let leaving = false;
const shown = document.querySelector("[data-shows]"); // what the order's terminal shows

function show(seconds) {
  if (!clock) return;
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  clock.textContent = parts.map((part) => String(part).padStart(2, "0")).join(":");
}

// Loads the page again by GET. It may be the response to a POST, which a reload would send again.
function showAgain() {
  location.replace(location.href);
}

async function look() {
  if (leaving) return;
  try {
    const answer = await fetch(sheet.dataset.state);
    if (answer.status === 404) return showAgain();
    const order = await answer.json();
    if (leaving) return;
    show(order.left);
    if (shown && order.shows && shown.textContent !== order.shows) shown.textContent = order.shows;
    if (order.status !== sheet.dataset.status || (clock && order.left === 0)) {
      const go_on = () => (order.go_on ? location.assign(order.go_on) : showAgain());
      if (!tick || order.status !== "TRADE_SUCCESS") return go_on();
      document.querySelector("[data-code]").hidden = true;
      tick.hidden = false;
      return setTimeout(go_on, TICK_MS);
    }
  } catch (error) {
    // The emulator did not answer; the next poll tries again.
  }
  setTimeout(look, every);
}

window.addEventListener("submit", (event) => {
  leaving = leaving || !event.defaultPrevented;
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  leaving = false; // the payer has come back to this page
  look();
});
if (clock && clock.dataset.left) show(Number(clock.dataset.left));
look();
