// What a terminal shows follows from the time, and no event tells of it: while one is at work, the page is asked for again and again.
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
    // The line is down; the word in the header says so.
  }
  setTimeout(look, BETWEEN_MS);
}

look();
