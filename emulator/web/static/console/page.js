// The script of every page of the console: updates by events, the clock, copy buttons, and filters.
import "../copy.js";
import "./clock.js";
import "./forms.js";
import { follow } from "./live.js";

// On a phone the navigation scrolls sideways; it begins at the current page.
const sections = document.querySelector(".sections");
const current = sections && sections.querySelector("[aria-current]");
if (current) sections.scrollLeft = current.offsetLeft - sections.offsetLeft;

if (document.body.dataset.follows) follow();
