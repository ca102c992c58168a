// Shows only the rows that have all words of the search, while they are typed.
const field = document.querySelector("main [type=search]");
const sections = [...document.querySelectorAll("[data-sifted] section")];
const rows = [...document.querySelectorAll("[data-sifted] tbody tr")];
const texts = new Map(rows.map((row) => [row, `${row.textContent} ${row.dataset.told || ""}`.toLowerCase()]));

field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  rows.forEach((row) => { row.hidden = !words.every((word) => texts.get(row).includes(word)); });
  sections.forEach((section) => { section.hidden = !section.querySelector("tbody tr:not([hidden])"); });
  document.querySelector("[data-nothing]").hidden = rows.some((row) => !row.hidden);
});
