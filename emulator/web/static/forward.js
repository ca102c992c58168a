// After a payment the browser goes back to the shop by itself, when the payer has had time to read.
const shop = document.querySelector("[data-forward]");
setTimeout(() => location.assign(shop.href), 5000);
