// Signs the values while they are typed: loads the page with these values, and takes over its signed part.
// The browser itself sends the signed request to the gateway, and shows the fields of the answer.
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

function tell(response, text, took) {
  const ledOn = response.type === "opaqueredirect";
  const fields = (response.headers.get("Content-Type") || "").includes("xml") ? layOut(text) : layOut("<none/>");
  const number = response.headers.get("X-TGPay-Request");
  part("status").textContent = ledOn ? "" : `${response.status} ${response.statusText} · ${Math.round(took)} ms`;
  part("sentence").textContent = ledOn ? answer.dataset.ledOn : "";
  part("text").textContent = text;
  part("headers").textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  lead("entry", number && answer.dataset.entries + number);
  lead("order", fields.out_trade_no && withQuery(answer.dataset.orders, "search", fields.out_trade_no));
  lead("query-order", fields.out_trade_no && withQuery(answer.dataset.query, "out_trade_no", fields.out_trade_no));
}

async function send() {
  await sign();
  const sent = document.querySelector("#send");
  const params = new URLSearchParams(new FormData(sent));
  const began = performance.now();
  try {
    const response = sent.method === "post"
      ? await fetch(sent.action, { method: "POST", body: params, redirect: "manual" })
      : await fetch(`${sent.action}?${params}`, { redirect: "manual" });
    tell(response, await response.text(), performance.now() - began);
  } catch (error) {
    tell(Response.error(), "", 0);
    part("status").textContent = "";
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
