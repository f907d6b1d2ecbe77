import { onClientEntry } from "gatsby-plugin-heap/gatsby-browser";

onClientEntry({}, { appId: window.appId });
window.heap.identify("ann");
window.heap.addUserProperties({ plan: "pro" });
