// Signs the values while they are typed: loads the page with these values, and takes over its signed part.
// The emulator sends the signed request to the gateway, and the page shows what arrived.
import { morph } from "./morph.js";

const form = document.querySelector("#try");
const answer = document.querySelector("#answer");
const part = (name) => answer.querySelector(`[data-${name}]`);
const MOMENT_MS = 150;
let [timer, asked] = [0, 0];

async function sign() {
  clearTimeout(timer);
  asked += 1;
  const mine = asked;
  const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (response.status === 401) return location.reload();
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  if (mine === asked) morph(document.querySelector("#signed"), fresh.querySelector("#signed"));
}

function element(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...more });
}

function lead(name, address) {
  part(name).hidden = !address;
  part(name).href = address || "#";
}

function withQuery(address, name, value) {
  const url = new URL(address, location.href);
  url.searchParams.set(name, value);
  return url.href;
}

// Shows the fields of an XML answer, with URLs as links.
function layOut(text) {
  const root = new DOMParser().parseFromString(text, "text/xml").documentElement;
  const fields = root.querySelector("parsererror") ? [] : [...root.children];
  part("fields").replaceChildren(...fields.flatMap((field) => {
    const value = document.createElement("dd");
    const text = field.textContent;
    value.append(/^https?:\/\//.test(text) ? element("a", text, { href: text, target: "_blank", rel: "noopener" }) : text);
    return [element("dt", field.nodeName), value];
  }));
  return Object.fromEntries(fields.map((field) => [field.nodeName, field.textContent]));
}

// Shows what arrived. A fault of a scenario is said first, since a part of a response may look whole.
function tell(arrived) {
  const ledOn = Boolean(arrived.location);
  const fields = layOut(arrived.is_xml ? arrived.text : "<none/>");
  const fault = arrived.fault || {};
  part("fault").hidden = !arrived.fault;
  part("fault").className = `pill ${fault.colour || ""}`;
  part("fault").textContent = fault.title || "";
  part("status").textContent = arrived.status && `${arrived.status} · ${arrived.took_ms} ms`;
  part("sentence").textContent = fault.more || (ledOn ? answer.dataset.ledOn : "");
  part("text").textContent = arrived.text;
  part("headers").textContent = arrived.headers;
  for (const name of ["text", "headers"]) part(name).closest("details").hidden = !arrived[name];
  const number = arrived.has_order && (fields.out_trade_no || sent().get("out_trade_no"));
  lead("entry", arrived.entry && answer.dataset.entries + arrived.entry);
  lead("order", number && withQuery(answer.dataset.orders, "search", number));
  lead("query-order", number && withQuery(answer.dataset.query, "out_trade_no", number));
}

const sent = () => new URLSearchParams(new FormData(document.querySelector("#send")));

// The emulator sends the request: a browser would repeat one that is dropped, and show the second answer.
async function send() {
  await sign();
  const params = sent();
  params.set("_method", document.querySelector("#send").method.toUpperCase());
  try {
    const response = await fetch(answer.dataset.sends, { method: "POST", body: params });
    if (response.status === 401) return location.reload();
    tell(await response.json());
  } catch (error) {
    tell({ status: "", headers: "", text: "", location: "" });
    part("sentence").textContent = answer.dataset.lost;
  }
  answer.hidden = false;
  answer.scrollIntoView({ block: "nearest" });
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(sign, MOMENT_MS);
});
document.addEventListener("submit", (event) => {
  if (event.target === form) {
    event.preventDefault();
    sign();
  } else if (event.target.id === "send") {
    event.preventDefault();
    send();
  }
});
form.querySelector(".without-script").hidden = true;
