import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
// COPIED
for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const [token, query] = line.split("\t");
  console.log(sign(Object.fromEntries(new URLSearchParams(query)), token));
}
