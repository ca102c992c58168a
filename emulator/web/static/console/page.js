// What every page of the console does: it follows events, tells the emulator's time, copies, and sends filters by itself.
import "./clock.js";
import "./copy.js";
import "./forms.js";
import { follow } from "./live.js";

if (document.body.dataset.follows) follow();
