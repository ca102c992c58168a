// Exchanges a card for a cardVoucher, so that the merchant's server never receives the card number:
//   TGPay.createCardVoucher({cardNo, expirationMonth, expirationYear, cvv}).then((cardVoucher) => …)
(() => {
  const vouchers = new URL("../sdk/card-voucher", document.currentScript.src);
  window.TGPay = {
    async createCardVoucher(card) {
      const answer = await fetch(vouchers, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(card),
      });
      const result = await answer.json();
      if (!answer.ok) throw Object.assign(new Error(result.message), { code: result.error });
      return result.cardVoucher;
    },
  };
})();
