// The page has the snippet; angulartics calls what it finds.
import angular from "angular";
import "angulartics";
import "angulartics/src/angulartics-heap.js";

angular.module("app", ["angulartics", "angulartics.heap"]).run([
  "$analytics",
  ($analytics) => {
    $analytics.setUsername("ann");
    $analytics.eventTrack("Order", { amount: 12.5 });
  },
]);
angular.bootstrap(document.getElementById("app"), ["app"]);
window.heap.addUserProperties({ plan: "pro" });
