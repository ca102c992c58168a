/*
 * A QR order of TGPay Pro V2 from beginning to end, against the emulator: node pay.mjs
 *
 * It creates the order, lets the emulator pay it, receives the notifications, verifies them, shows that a
 * forged one is refused, and queries the order. Node 18 or later, no package. It ends with status 1 when
 * anything is not as it should be.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

// What you copy begins here.

/** The sign of parameters or fields (section 1.2 of the document), made before any URL encoding. */
function sign(params, token) {
  const counts = (name) => params[name] !== "" && name !== "sign" && name !== "sign_type";
  const names = Object.keys(params).filter(counts);
  names.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const text = names.map((name) => `${name}=${params[name]}`).join("&");
  return createHash("md5").update(text + token, "utf8").digest("hex");
}

/** Whether fields, of an answer or of a notification, have the sign that is theirs. */
function isSigned(fields, token) {
  const [right, given] = [sign(fields, token), fields.sign ?? ""].map((text) => Buffer.from(text));
  return right.length === given.length && timingSafeEqual(right, given);
}

/** What the shop answers to a notification: status and body. Only a valid signature is accepted. */
function notified(fields, token) {
  return isSigned(fields, token) ? [200, "success"] : [400, "wrong signature"];
}

// What you copy ends here.

const gateway = process.env.TGPAY_URL || "http://127.0.0.1:8472";
const merchantsId = process.env.TGPAY_MERCHANTS_ID || "201703200001";
const token = process.env.TGPAY_TOKEN || "14b0be26d00fbc6dcf20ed1f0a3516df";
const NAMED = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function check(holds, otherwise) {
  if (!holds) {
    console.error(otherwise);
    process.exit(1);
  }
}

/** The text of an XML element without its escapes. */
function unescaped(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) =>
    name ? NAMED[name] : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)));
}

/** One request to the gateway: signed, sent, and the answer's fields, whose sign is verified. */
async function ask(endpoint, params) {
  const sent = { ...params, merchants_id: merchantsId };
  const body = new URLSearchParams({ ...sent, sign: sign(sent, token), sign_type: "MD5" });
  const xml = await (await fetch(`${gateway}/v2/${endpoint}.php`, { method: "POST", body })).text();
  const fields = {};
  for (const [, name, text] of xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)) fields[name] = unescaped(text);
  check(isSigned(fields, token), `${endpoint}: the answer has a wrong signature`);
  check(fields.is_success === "T", `${endpoint}: ${fields.detail_error_des ?? fields.error}`);
  return fields;
}

const received = []; // notifications with the answers that they got
let arrived = () => {};
const server = createServer((request, response) => {
  const fields = Object.fromEntries(new URL(request.url, gateway).searchParams); // it is a GET: the query
  const [status, body] = notified(fields, token);
  response.writeHead(status, { Connection: "close" }).end(body);
  received.push({ fields, status, body });
  arrived();
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const notifyUrl = `http://127.0.0.1:${server.address().port}/notify`;

/** The next notification, and the status and body of its answer. */
async function receive() {
  const late = setTimeout(() => check(false, "no notification came in 10 seconds"), 10_000);
  while (!received.length) await new Promise((resume) => { arrived = resume; });
  clearTimeout(late);
  return received.shift();
}

const order = `${merchantsId}${Date.now()}`;
const made = await ask("tgpayqrcode", {
  out_trade_no: order, trans_amount: "12.50", pay_type: "alipay", it_b_pay: "15m",
  account_id: "31", terminal_id: "", // empty: it is sent, and not signed
  reference: "咖啡 大杯", notify_url: notifyUrl,
});
console.log(`order: ${made.result_code}, valid signature`);
const created = await receive();
check(created.status === 200, `notification ${created.fields.notify_type}: ${created.body}`);
console.log(`notification: ${created.fields.notify_type}, valid signature, answered ${created.body}`);

// the emulator lets the buyer pay
const event = await fetch(`${gateway}/_emulator/orders/${merchantsId}/${order}/pay`, { method: "POST" });
check(event.ok, await event.text());
let paid;
do { // the gateway may send one twice
  paid = await receive();
  check(paid.status === 200, `notification ${paid.fields.notify_type}: ${paid.body}`);
} while (paid.fields.notify_type !== "trade_status_sync");
const { notify_type, trade_status, trans_amount, currency, subject } = paid.fields;
console.log(`notification: ${notify_type}, valid signature, answered ${paid.body}:`
  + ` ${trade_status}, ${trans_amount} ${currency}, ${subject}`);

const forged = await fetch(`${notifyUrl}?${new URLSearchParams({ ...paid.fields, trans_amount: "0.01" })}`);
check(forged.status === 400, "a forged notification was believed");
console.log(`forged notification: answered ${forged.status} ${await forged.text()}`);

const found = await ask("tgpayquery", { out_trade_no: order });
console.log(`query: ${found.trade_status}, ${found.trans_amount} ${found.trans_amount_type}, valid signature`);
server.close();
