"""The snippets that Heap's install pages give, as sites carry them: classic's and that of heap.js 5."""

CLASSIC = """<script type="text/javascript">
window.heap=window.heap||[],heap.load=function(e,t){window.heap.appid=e,window.heap.config=t=t||{};
var r=document.createElement("script");r.type="text/javascript",r.async=!0,
r.src="https://cdn.heapanalytics.com/js/heap-"+e+".js";
var a=document.getElementsByTagName("script")[0];a.parentNode.insertBefore(r,a);
for(var n=function(e){return function(){heap.push([e].concat(Array.prototype.slice.call(arguments,0)))}},
p=["addEventProperties","addUserProperties","clearEventProperties","identify","resetIdentity","removeEventProperty",
"setEventProperties","track","unsetEventProperty"],o=0;o<p.length;o++)heap[p[o]]=n(p[o])};
heap.load("APP_ID");
</script>"""

FIVE = """<script type="text/javascript">
window.heapReadyCb=window.heapReadyCb||[],window.heap=window.heap||[],heap.load=function(e,t){window.heap.envId=e,
window.heap.clientConfig=t=t||{},window.heap.clientConfig.shouldFetchServerConfig=!1;
var a=document.createElement("script");a.type="text/javascript",a.async=!0,
a.src="https://cdn.us.heap-api.com/config/"+e+"/heap_config.js";
var r=document.getElementsByTagName("script")[0];r.parentNode.insertBefore(a,r);
var n=["init","startTracking","stopTracking","track","resetIdentity","identify","identifyHashed","getSessionId",
"getUserId","getIdentity","addUserProperties","addEventProperties","removeEventProperty","clearEventProperties",
"addAccountProperties","addAdapter","addTransformer","addTransformerFn","onReady","addPageviewProperties",
"removePageviewProperty","clearPageviewProperties","trackPageview"],
i=function(e){return function(){var t=Array.prototype.slice.call(arguments,0);window.heapReadyCb.push({name:e,
fn:function(){heap[e]&&heap[e].apply(heap,t)}})}};for(var p=0;p<n.length;p++)heap[n[p]]=i(n[p])};
heap.load("APP_ID", CONFIG);
</script>"""

HOSTS = ("cdn.heapanalytics.com", "cdn.us.heap-api.com")


def lead_to(server, context):
    """Answer whatever is asked of Heap's own hosts by `server`."""

    def answer(route):
        path = "/" + route.request.url.split("/", 3)[3]
        route.fulfill(response=route.fetch(url=server.base_url + path))

    for host in HOSTS:
        context.route(f"http*://{host}/**", answer)
