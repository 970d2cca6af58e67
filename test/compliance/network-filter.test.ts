import { clusterConfig, directResponse, echo, tcpProxy } from "../support/listener-harness.ts";
import { networkFilterCompliance } from "./network-filter.ts";

networkFilterCompliance({ name: "echo", filters: () => [echo()] });

networkFilterCompliance({ name: "direct_response", filters: () => [directResponse("hello")] });

networkFilterCompliance({
  name: "tcp_proxy",
  filters: async (harness) => {
    await harness.upstream("up", (socket) => socket.pipe(socket));
    return [tcpProxy({})];
  },
});

networkFilterCompliance({
  name: "tcp_proxy to an upstream that resets",
  filters: async (harness) => {
    await harness.upstream("up", (socket) => socket.resetAndDestroy());
    return [tcpProxy({})];
  },
});

networkFilterCompliance({
  name: "tcp_proxy to a cluster without hosts",
  filters: (harness) => {
    harness.cluster(clusterConfig("up", []));
    return [tcpProxy({})];
  },
});
