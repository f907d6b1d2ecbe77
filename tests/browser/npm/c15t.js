import { heap } from "@c15t/scripts/heap";
import { loadScripts } from "c15t";

loadScripts([heap({ envId: window.appId, clientConfig: { disableTextCapture: true } })], { measurement: true });
window.heap.identify("ann");
window.heap.addUserProperties({ plan: "pro" });
