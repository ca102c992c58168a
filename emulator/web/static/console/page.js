// What every page of the console does: it follows events, tells the emulator's time, copies, and sends filters by itself.
import "../copy.js";
import "./clock.js";
import "./forms.js";
import { follow } from "./live.js";

// The pages are many: on a phone the row of them begins with the one that is shown.
const sections = document.querySelector(".sections");
const current = sections && sections.querySelector("[aria-current]");
if (current) sections.scrollLeft = current.offsetLeft - sections.offsetLeft;

if (document.body.dataset.follows) follow();
