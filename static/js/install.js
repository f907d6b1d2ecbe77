/* The Install page: sends a test event as any program would, and says what became of it. */

const button = document.querySelector("[data-test-event]");
const answer = document.querySelector("[data-test-event-answer]");

async function send() {
  const event = { app_id: button.dataset.testEvent, identity: "test@install", event: "Test event" };
  const headers = { "Content-Type": "application/json" };
  try {
    return words(await fetch("/api/track", { method: "POST", headers, body: JSON.stringify(event) }));
  } catch {
    return "The server did not answer.";
  }
}

async function words(response) {
  const dropped = response.headers.get("X-Heapadmin-Dropped");
  if (dropped === "excluded-ip") return "Dropped: your address is on the list of excluded IPs.";
  if (dropped) return "Dropped: your browser asks not to be tracked, and this environment obeys.";
  if (response.ok) return "Stored. It is in the live view, from test@install.";
  return `Refused (${response.status}): ${(await response.text()).trim().split("\n").pop()}`;
}

button.addEventListener("click", async () => {
  if (button.ariaDisabled) return; // `disabled` would take the focus from people who use the keyboard
  button.ariaDisabled = "true";
  answer.textContent = "Sending…";
  answer.textContent = await send();
  button.ariaDisabled = null;
});
