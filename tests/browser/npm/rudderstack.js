// RudderStack's SDK with its Heap integration, of the last version that npm has whole: later ones load it from a CDN.
import * as rudder from "rudder-sdk-js";

const destination = {
  id: "heap", enabled: true, name: "Heap", config: { appId: window.appId },
  destinationDefinition: { name: "HEAP", displayName: "Heap" },
};
rudder.load("key", `${location.origin}/rudder`, {
  getSourceConfig: () => ({ source: { id: "source", config: {}, destinations: [destination] } }),
});
rudder.identify("ann", { plan: "pro" });
rudder.track("Order", { amount: 12.5 });
