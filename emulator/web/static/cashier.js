// The card form: groups and checks the input, shows the card brand, and fills in a test card.
const form = document.querySelector(".card-form");
const field = form.elements;
const brands = JSON.parse(form.dataset.brands).map(([name, starts, lengths, cvv]) => ({ name, starts: new RegExp(`^(?:${starts})`), lengths, cvv }));

const digits = (text) => text.replace(/\D/g, "");
const brandOf = (number) => brands.find((brand) => brand.starts.test(number));

function grouped(number) {
  const brand = brandOf(number);
  const shape = brand && Math.max(...brand.lengths) < 16 ? /^(.{1,4})(.{1,6})?(.*)$/ : /(.{1,4})/g;
  const parts = shape.global ? number.match(shape) : (number.match(shape) || []).slice(1);
  return (parts || []).filter(Boolean).join(" ");
}

function passesLuhn(number) {
  const sum = [...number].reverse().reduce((total, digit, place) => {
    const value = Number(digit) * (place % 2 + 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

const checks = {
  number() {
    const number = digits(field.cardNo.value);
    const brand = brandOf(number);
    return brand && brand.lengths.includes(number.length) && passesLuhn(number) ? "" : form.dataset.wrongNumber;
  },
  expiry() {
    const [, month, year] = field.expiry.value.match(/^(\d{1,2}) ?\/? ?(?:20)?(\d{2})$/) || [];
    const [thisYear, thisMonth] = [Number(form.dataset.year), Number(form.dataset.month)];
    const over = 2000 + Number(year) < thisYear || (2000 + Number(year) === thisYear && Number(month) < thisMonth);
    return month >= 1 && month <= 12 && !over ? "" : form.dataset.wrongExpiry;
  },
  cvv() {
    const brand = brandOf(digits(field.cardNo.value));
    const length = brand ? brand.cvv : 3;
    return new RegExp(`^\\d{${length}}$`).test(field.cvv.value) ? "" : form.dataset.wrongCvv.replace("#", length);
  },
};
const complete = {
  number() {
    const number = digits(field.cardNo.value);
    const brand = brandOf(number);
    return number.length >= (brand ? Math.min(16, Math.max(...brand.lengths)) : 16);
  },
  expiry: () => field.expiry.value.length >= 5,
  cvv: () => field.cvv.value.length === 4,
};
const inputs = { number: field.cardNo, expiry: field.expiry, cvv: field.cvv };

function check(name) {
  const wrong = checks[name]();
  document.getElementById(`${name}-wrong`).textContent = wrong;
  inputs[name].setAttribute("aria-invalid", String(Boolean(wrong)));
  return !wrong;
}

// While the payer types, an error is shown when the field is complete, and removed as soon as it is
// corrected. Nothing is checked when a field loses the focus: the layout would move, and a tap would miss the
// button.
function checkTyped(name) {
  const message = document.getElementById(`${name}-wrong`).textContent;
  if (message || complete[name]()) check(name);
}

function showBrand() {
  const brand = brandOf(digits(field.cardNo.value));
  form.querySelector("output").textContent = brand ? brand.name : "";
  form.querySelectorAll("[data-brand]").forEach((picture) => picture.classList.toggle("other", Boolean(brand) && picture.dataset.brand !== brand.name));
  field.cvv.placeholder = brand && brand.cvv === 4 ? "1234" : "123";
}

function fill(number) {
  const brand = brandOf(number);
  field.cardNo.value = grouped(number);
  field.expiry.value = `12/${String(Number(form.dataset.year) + 3).slice(-2)}`;
  field.cvv.value = brand && brand.cvv === 4 ? "1234" : "123";
  showBrand();
  Object.keys(checks).forEach(check);
  form.scrollIntoView({ block: "nearest" });
  form.querySelector("button").focus();
}

field.cardNo.addEventListener("input", () => {
  const atEnd = field.cardNo.selectionStart === field.cardNo.value.length;
  if (atEnd) field.cardNo.value = grouped(digits(field.cardNo.value));
  showBrand();
});
// The page types the slash of the expiry date. Whoever types it too does no harm, and it can be deleted.
field.expiry.addEventListener("input", (event) => {
  if (event.inputType?.startsWith("delete")) return;
  const typed = field.expiry.value.replace(/[^\d/]/g, "").replace(/\/+/g, "/");
  const month = typed.replace(/^[2-9]$/, "0$&");
  field.expiry.value = /^\d{2,}$/.test(month) ? `${month.slice(0, 2)}/${month.slice(2)}` : typed;
});
Object.entries(inputs).forEach(([name, input]) => input.addEventListener("input", () => checkTyped(name)));
form.noValidate = true;
form.addEventListener("submit", (event) => {
  const wrong = Object.keys(checks).filter((name) => !check(name));
  if (!wrong.length) return;
  event.preventDefault();
  inputs[wrong[0]].focus();
});
document.querySelectorAll("[data-card]").forEach((chip) => chip.addEventListener("click", () => fill(chip.dataset.card)));
document.querySelector("[data-cards]").addEventListener("change", (event) => event.target.value && fill(event.target.value));
