// Filters send themselves when a choice is made, and leave out what is empty; changes that cannot be undone are asked about first.
function send(form) {
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
  location.assign([form.action, asked.toString()].filter(Boolean).join("?"));
}

document.addEventListener("change", ({ target }) => {
  if (target.form && "sendsItself" in target.form.dataset && target.matches("select, [list]")) send(target.form);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return event.preventDefault();
  if (!("sendsItself" in form.dataset)) return;
  event.preventDefault();
  send(form);
});
// A slash leads to the search, as it does elsewhere.
document.addEventListener("keydown", (event) => {
  const search = document.querySelector("main [type=search]");
  if (event.key !== "/" || !search || event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  search.focus();
});
document.querySelectorAll("[data-sends-itself]").forEach((form) => form.classList.add("by-itself"));
