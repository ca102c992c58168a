// Submits the form by POST; without JavaScript the payer presses the button.
document.querySelector("[data-post-at-once]").submit();
