/* Shows controls for passkeys if the browser supports them, and an error in words if using one failed.
   A passkey belongs to a domain name, so there are none at an IP address such as 127.0.0.1. */

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
