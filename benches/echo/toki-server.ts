/** The same server on Toki: one task for each connection. */
import { fn, Runtime, spawn } from "toki";
import { TcpListener, type TcpStream } from "toki/net";
import type { EchoServer } from "./server.js";

let open = 0;

const echo = fn(function* echo(socket: TcpStream) {
  open++;
  try {
    for (;;) {
      const chunk = yield* socket.readChunk();
      if (chunk === undefined) return;
      yield* socket.writeAll(chunk);
    }
  } finally {
    open--;
    socket[Symbol.dispose]();
  }
});

const serve = fn(function* serve(listening: (port: number) => void) {
  const listener = yield* TcpListener.bind("127.0.0.1:0");
  listening(listener.localAddr.port);
  for (;;) {
    const [socket] = yield* listener.accept();
    spawn(echo(socket));
  }
});

export function listen(): Promise<EchoServer> {
  const runtime = new Runtime({ flavor: "currentThread" });
  return new Promise((resolve, reject) => {
    const listening = (port: number): void => resolve({ port, connections: () => open });
    runtime.run(serve(listening)).catch(reject);
  });
}
