// Submits a filter when a choice is made, without its empty fields, and asks before changes that cannot be
// undone.
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
// The slash key focuses the search field.
document.addEventListener("keydown", (event) => {
  const search = document.querySelector("main [type=search]");
  if (event.key !== "/" || !search || event.target.closest("input, select, textarea")) return;
  event.preventDefault();
  search.focus();
});
document.querySelectorAll("[data-sends-itself]").forEach((form) => form.classList.add("by-itself"));
