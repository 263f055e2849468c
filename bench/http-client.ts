import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface HttpClient {
  /** Sends a whole request and returns the body of its answer. Throws where that is no success. */
  send(request: Buffer): Promise<string>;
  close(): void;
}

/**
 * A connection that carries one request after the other, ready-made. It reads no more of an answer than it must, so that
 * a measurement of a server is not one of its client.
 */
export async function openClient(port: number): Promise<HttpClient> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  await once(socket, 'connect');
  return {
    async send(request) {
      socket.write(request);
      return await readAnswer(socket);
    },
    close: () => socket.destroy(),
  };
}

function readAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const end = () => {
      socket.off('data', read).off('close', lost);
    };
    const lost = () => reject(new Error('The server closed the connection.'));
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const bodyAt = text.indexOf('\r\n\r\n') + 4;
      if (bodyAt < 4) return;
      const length = Number(/^content-length: (\d+)/im.exec(text.slice(0, bodyAt))?.[1] ?? 0);
      if (text.length < bodyAt + length) return;
      end();
      if (/^HTTP\/1.1 2/.test(text)) resolve(text.slice(bodyAt));
      else reject(new Error(`The server answered: ${text}`));
    };
    socket.on('data', read).on('close', lost);
  });
}

export function getRequest(path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
}

export function postRequest(path: string, body: Buffer, contentType = 'image/jpeg'): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}
