/* Shows what needs passkeys where the browser has them, and says in words when one could not be used.
   A passkey belongs to a domain name, so there are none at a bare address such as 127.0.0.1. */

const atBareAddress = /^[\d.]+$|^\[/.test(location.hostname);

if (window.PublicKeyCredential && !atBareAddress) {
  for (const part of document.querySelectorAll("[data-needs-passkeys]")) part.hidden = false;
}

document.addEventListener("allauth.error", (event) => {
  const main = document.getElementById("content");
  const notice = main.querySelector("[data-passkey-failure]") ?? document.createElement("p");
  notice.className = "notice notice--error";
  notice.dataset.passkeyFailure = "";
  notice.role = "alert";
  const cancelled = event.detail.exception?.name === "NotAllowedError";
  notice.textContent = cancelled ? "The passkey was not used: you stopped it, or it took too long." : "The passkey could not be used here.";
  main.querySelector("h1").after(notice);
});
