// The emulator's time in the header: runs by itself, and is corrected by the emulator's responses.
const shown = document.querySelector("[data-clock]");
const word = document.querySelector("[data-frozen-word]");
const digits = new Intl.DateTimeFormat("sv-SE", { timeZone: shown.dataset.zone, dateStyle: "short", timeStyle: "medium" });
let [now, frozen, since] = [Number(shown.dataset.now), shown.dataset.frozen === "true", performance.now()];

function tell() {
  const text = digits.format(now + (frozen ? 0 : performance.now() - since));
  if (shown.textContent !== text) shown.textContent = text;
}

export function putRight(time) {
  [now, frozen, since] = [time.now, time.frozen, performance.now()];
  word.hidden = !frozen;
  tell();
}

setInterval(tell, 250);
