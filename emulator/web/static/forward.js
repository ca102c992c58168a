// After a payment, sends the browser back to the shop when the payer has had time to read.
const shop = document.querySelector("[data-forward]");
setTimeout(() => location.assign(shop.href), 5000);
