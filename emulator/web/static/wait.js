// Follows an order that waits: counts the time down and, once it is paid or closed, shows what has become of it.
const sheet = document.querySelector("[data-state]");
const clock = document.querySelector("[data-left]");
const every = Number(sheet.dataset.every || 1000); // milliseconds
const tick = document.querySelector("[data-tick]"); // takes the place of the code that was scanned
const TICK_MS = 1500;
let leaving = false; // a form has been sent: its answer says where to go, also when the order has changed before it comes
const shown = document.querySelector("[data-shows]"); // what the terminal shows that the order is paid on

function show(seconds) {
  if (!clock) return;
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  clock.textContent = parts.map((part) => String(part).padStart(2, "0")).join(":");
}

// The page may be the answer to a POST (link to post), which a reload would send again.
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
    // The emulator is away for a moment; the next look will tell.
  }
  setTimeout(look, every);
}

window.addEventListener("submit", (event) => {
  leaving = leaving || !event.defaultPrevented;
});
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  leaving = false; // somebody has come back
  look();
});
if (clock && clock.dataset.left) show(Number(clock.dataset.left));
look();
