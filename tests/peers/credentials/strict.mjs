// The I-JSON gate in Node: what two parsers could read differently is refused.

import { parse } from "lossless-json";

const MAX_BYTES = 64 * 1024;
const MAX_DEPTH = 32;
const DRESSED_BELOW = 1e21;

// Size of a number as [digits, exponent], without zeros at either end.
function decimal(text) {
  const [mantissa, exponent = "0"] = text.toLowerCase().replace(/^-/, "").split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  const digits = (whole + fraction).replace(/^0+/, "");
  const bare = digits.replace(/0+$/, "");
  if (bare === "") return "0";
  return `${bare}e${BigInt(exponent.replace("+", "")) - BigInt(fraction.length) + BigInt(digits.length - bare.length)}`;
}

function number(text) {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new Error("a number that overflows");
  if (/^-?\d+$/.test(text) && !Number.isSafeInteger(value)) throw new Error("a large integer");
  if (decimal(text) !== decimal(String(value))) throw new Error("a number that loses digits");
  const size = Math.abs(value);
  if (size > Number.MAX_SAFE_INTEGER && size < DRESSED_BELOW) throw new Error("a large integer");
  return value;
}

function text(value) {
  if (!value.isWellFormed()) throw new Error("a lone surrogate");
  for (const character of value) {
    const point = character.codePointAt(0);
    const isNone = (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) === 0xfffe;
    if (point === 0 || isNone) throw new Error("a character that is none");
  }
}

function walk(value, depth) {
  if (typeof value === "string") return text(value);
  if (value === null || typeof value !== "object") return;
  if (depth > MAX_DEPTH) throw new Error("too deep");
  if (Array.isArray(value)) return value.forEach((item) => walk(item, depth + 1));
  const names = Object.keys(value);
  names.forEach(text);
  if (new Set(names.map((name) => name.normalize("NFC"))).size !== names.length) {
    throw new Error("two names that look alike");
  }
  names.forEach((name) => walk(value[name], depth + 1));
}

// An object, as every parser would read it.
export function strict(bytes) {
  if (bytes.length > MAX_BYTES) throw new Error("too long");
  const document = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const onDuplicateKey = () => {
    throw new Error("a name twice");
  };
  const value = parse(document, null, { parseNumber: number, onDuplicateKey });
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Error("no object");
  }
  walk(value, 1);
  return value;
}
