/** The bare `node:net` callback server: what Toki's TCP is measured against. */
import { type AddressInfo, createServer } from "node:net";
import type { EchoServer } from "./server.js";

export function listen(): Promise<EchoServer> {
  let open = 0;
  const server = createServer((socket) => {
    open++;
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open--);
  });
  return new Promise((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => {
      resolve({ port: (server.address() as AddressInfo).port, connections: () => open });
    });
  });
}
