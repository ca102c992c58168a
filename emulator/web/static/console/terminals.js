// Polls the page while a terminal is busy, because its screen changes with time and without events.
import { morph } from "./morph.js";

const BETWEEN_MS = 400;
const part = document.querySelector("#terminals");

async function look() {
  try {
    if (!document.hidden && part.querySelector("[data-moves]")) {
      const answer = await fetch(location.href, { headers: { "X-Console-Live": "1" } });
      if (answer.ok) morph(part, new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#terminals"));
    }
  } catch (error) {
    // The emulator did not answer; the header says so.
  }
  setTimeout(look, BETWEEN_MS);
}

look();
