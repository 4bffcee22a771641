/** A way to the server that can be cut and restored, as when the server stops and starts. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class Way {
  #server: Server | undefined;
  #sockets = new Set<Socket>();
  #port = 0;

  constructor(readonly url: URL) {}

  async open(): Promise<string> {
    this.#server = createServer((here) => {
      const there = connect(Number(this.url.port), this.url.hostname);
      for (const [socket, other] of [[here, there], [there, here]] as const) {
        this.#sockets.add(socket);
        socket.pipe(other);
        socket.on('error', () => other.destroy());
        socket.on('close', () => this.#sockets.delete(socket) && other.destroy());
      }
    });
    await new Promise<void>((listening) => this.#server?.listen(this.#port, '127.0.0.1', listening));
    this.#port = (this.#server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.#port}`;
  }

  async cut(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.#server?.close(closed));
  }
}
