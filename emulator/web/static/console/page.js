// The script of every page of the console: updates by events, the clock, copy buttons, and filters.
import "../copy.js";
import "./clock.js";
import "./forms.js";
import { follow } from "./live.js";

// On a phone the navigation scrolls sideways; it begins at the current page.
const sections = document.querySelector(".sections");
const current = sections && sections.querySelector("[aria-current]");
if (current) sections.scrollLeft = current.offsetLeft - sections.offsetLeft;

// The heads of lists stand still below the bar that does, whose height hangs on the width and on its texts.
const bars = [document.querySelector(".top"), sections].filter(Boolean);
function tellHeight() {
  const bar = bars.find((each) => getComputedStyle(each).position === "sticky");
  if (bar) document.documentElement.style.setProperty("--bar", `${bar.getBoundingClientRect().height}px`);
}
const heights = new ResizeObserver(tellHeight);
bars.forEach((each) => heights.observe(each, { box: "border-box" }));

if (document.body.dataset.follows) follow();
