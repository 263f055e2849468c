import { connect } from 'node:net';
import { checkProblem } from './contract.ts';

export interface RawAnswer {
  status: number;
  headers: Map<string, string>;
  body: string;
}

/**
 * Sends bytes as they are, in one piece, and reads until the other side ends the connection. A request that is to be
 * answered once asks for `Connection: close`.
 */
export async function sendRaw(port: number, bytes: string | Buffer): Promise<RawAnswer[]> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return parseAnswers(Buffer.concat(chunks).toString('latin1'));
}

/** As `sendRaw`, for bytes that have one answer, and that a problem. */
export async function sendWrong(port: number, bytes: string | Buffer): Promise<RawAnswer> {
  const answers = await sendRaw(port, bytes);
  const [answer] = answers;
  if (!answer || answers.length > 1) throw new Error(`Expected one answer, got ${answers.length}.`);
  checkProblem(answer.status, answer.headers.get('content-type') ?? '', JSON.parse(answer.body));
  return answer;
}

function parseAnswers(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  let rest = text.replace(/^(HTTP\/1\.1 100 Continue\r\n\r\n)+/, '');
  while (rest) {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = new Map(
      lines.map((header): [string, string] => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()];
      }),
    );
    const length = Number(headers.get('content-length') ?? 0);
    const body = rest.slice(end + 4, end + 4 + length);
    answers.push({ status: Number(line.split(' ')[1]), headers, body });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}
