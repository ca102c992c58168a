// Filters send themselves when a choice is made, without what is empty; changes that cannot be undone are asked about first.
function send(form) {
  [...form.elements].forEach((field) => { field.disabled = field.name !== "" && field.value === ""; });
  form.submit();
}

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form && "sendsItself" in form.dataset && event.target.matches("select, [list]")) send(form);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) return event.preventDefault();
  if (!("sendsItself" in form.dataset)) return;
  event.preventDefault();
  send(form);
});
// A page that the browser takes out of its memory again has its fields as they were left.
window.addEventListener("pageshow", () => document.querySelectorAll("[data-sends-itself] :disabled").forEach((field) => { field.disabled = false; }));
document.querySelectorAll("[data-sends-itself]").forEach((form) => form.classList.add("by-itself"));
