import { afterAll, describe, expect, it } from 'vitest';
import { tlsMaterial } from '#test/harness/tlsMaterial.ts';
import { answers, rawStandIn, standIn, type StandIn } from '../test/standIn.ts';
import { ask, type Question } from './ask.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
const on = async (one: Promise<StandIn>): Promise<StandIn> => stack.use(await one);

const LONG: Question = { timeoutMs: 20_000, maxBytes: 1000 };
/** For those who never answer: whoever does has answered long before. */
const SHORT: Question = { timeoutMs: 300, maxBytes: 1000 };
const asked = (url: URL, question: Question = LONG) => ask(url, 'The node', question);

const NO_ANSWER =
  'it ended the connection without an answer, as one does who speaks TLS and is asked without (https, or the label __scheme__ of its target)';

describe('a question', () => {
  it('goes with its method, headers and body, and comes back with status and text', async () => {
    const { url } = await on(
      standIn((request, response) => {
        request.setEncoding('utf8').on('data', (body: string) => {
          const { method, headers } = request;
          response.writeHead(418).end([method, headers['x-a'], headers['content-length'], body].join(' '));
        });
      }),
    );
    const answer = await asked(url, { ...LONG, method: 'PUT', headers: { 'X-A': 'b' }, body: 'é' });
    expect(answer).toEqual({ status: 418, text: 'PUT b 2 é' });
  });

  it('follows no redirect', async () => {
    let followed = false;
    const other = await on(standIn(() => (followed = true)));
    const { url } = await on(
      standIn((_, response) => void response.writeHead(302, { Location: other.url.href }).end('over there')),
    );
    expect(await asked(url)).toEqual({ status: 302, text: 'over there' });
    expect(followed).toBe(false);
  });

  it.each([
    ['says nothing', () => {}],
    ['stops after the headers', (_request, response) => void response.writeHead(200).write('a')],
    ['goes on and on, slowly', (_request, response) => void setInterval(() => response.write('a'), 20).unref()],
  ] satisfies [string, Parameters<typeof standIn>[0]][])(
    'ends at its time where who is asked %s',
    async (_, answer) => {
      const { url } = await on(standIn(answer));
      await expect(asked(url, SHORT)).rejects.toMatchObject({
        code: 'timeout',
        message: 'The node did not answer within 0.3 s',
      });
    },
  );

  it.each([
    ['at once', (_request, response) => void response.end('x'.repeat(1001))],
    ['without an end', (_request, response) => void setInterval(() => response.write('x'.repeat(400)), 1).unref()],
  ] satisfies [string, Parameters<typeof standIn>[0]][])(
    'takes no more than it can hold, told %s',
    async (_, answer) => {
      const { url } = await on(standIn(answer));
      await expect(asked(url)).rejects.toMatchObject({
        code: 'too_large',
        message: 'The node answered more than 1000 octets',
      });
    },
  );

  it('takes as much as it can hold', async () => {
    const { url } = await on(standIn((_, response) => void response.end('x'.repeat(1000))));
    expect((await asked(url)).text).toHaveLength(1000);
  });

  it.each([
    ['ends the connection', '', NO_ANSWER],
    ['is cut off in the middle', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf', 'the connection was cut'],
    ['speaks something else', 'SSH-2.0-OpenSSH_9.2\r\n', 'what it answers is not HTTP'],
    [
      'has endless headers',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
      'the headers of its answer are too long',
    ],
  ])('says why where who is asked %s', async (_, said, why) => {
    const { url } = await on(rawStandIn((socket) => void socket.once('data', () => socket.end(said))));
    await expect(asked(url)).rejects.toMatchObject({
      code: 'unreachable',
      message: `The node cannot be reached: ${why}`,
    });
  });

  it('says that nobody listens, and that there is no such host', async () => {
    const gone = await standIn(() => {});
    await gone[Symbol.asyncDispose]();
    await expect(asked(gone.url)).rejects.toThrow('The node cannot be reached: nobody listens there');
    await expect(asked(new URL('http://nobody.invalid/'))).rejects.toThrow(
      /cannot be reached: (no such host|its name cannot be looked up now)/,
    );
  });

  it('ends when it is called off', async () => {
    const { url } = await on(standIn(() => {}));
    const stop = new AbortController();
    const answer = asked(url, { ...LONG, signal: stop.signal });
    stop.abort();
    await expect(answer).rejects.toMatchObject({ code: 'unreachable' });
  });
});

const withTls = (tls: Question['tls'], more: Partial<Question> = {}): Question => ({
  ...LONG,
  ...more,
  ...(tls ? { tls } : {}),
});

describe('with TLS', () => {
  const ours = tlsMaterial();
  const others = tlsMaterial();
  const answer = answers({ '/': 'well' });
  it('trusts the authority that is named, and no other', async () => {
    const { url } = await on(standIn(answer, ours.server));
    expect(await asked(url, withTls({ ca: ours.ca }))).toEqual({ status: 200, text: 'well' });
    expect(await asked(url, withTls({ ca: [others.ca, ours.ca] }))).toEqual({ status: 200, text: 'well' });
    const unknown = 'its certificate is of an unknown authority, which --operations-ca can name';
    for (const tls of [undefined, { ca: others.ca }]) {
      await expect(asked(url, withTls(tls))).rejects.toMatchObject({
        code: 'unreachable',
        message: expect.stringContaining(unknown),
      });
    }
  });

  it('wants the certificate to be for the address or for who is asked', async () => {
    // Its certificate is for the name `client` alone.
    const { url } = await on(standIn(answer, ours.client));
    await expect(asked(url, withTls({ ca: ours.ca }))).rejects.toThrow('its certificate is for another name');
    await expect(asked(url, withTls({ ca: ours.ca }, { name: 'peer0' }))).rejects.toThrow('for another name');
    expect(await asked(url, withTls({ ca: ours.ca }, { name: 'client' }))).toMatchObject({ status: 200 });
    await expect(asked(url, withTls({ ca: others.ca }, { name: 'client' }))).rejects.toThrow('unknown authority');
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'says that a client certificate is wanted, or another one, in %s',
    async (version) => {
      const { url } = await on(
        standIn(answer, {
          ...ours.server,
          ca: ours.ca,
          requestCert: true,
          rejectUnauthorized: true,
          minVersion: version,
          maxVersion: version,
        }),
      );
      expect(await asked(url, withTls({ ca: ours.ca, ...ours.client }))).toMatchObject({ status: 200 });
      await expect(asked(url, withTls({ ca: ours.ca }))).rejects.toThrow('it asks for a client certificate');
      await expect(asked(url, withTls({ ca: ours.ca, ...others.client }))).rejects.toThrow(
        'the connection was cut, as by one who does not accept the client certificate',
      );
    },
  );

  // Node's servers do not send them; Go's do. Numbers: RFC 8446, 6.
  it.each([
    [116, 'it asks for a client certificate'],
    [40, 'it asks for a client certificate'],
    [48, 'it does not accept the client certificate'],
    [42, 'it does not accept the client certificate'],
    [45, 'it does not accept the client certificate'],
    [46, 'it does not accept the client certificate'],
    [80, 'EPROTO'],
  ])('understands the alert %i', async (alert, why) => {
    const { address } = await on(
      rawStandIn((socket) => void socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, alert])))),
    );
    await expect(asked(new URL(`https://${address}`))).rejects.toThrow(`The node cannot be reached: ${why}`);
  });

  it('says that there is no TLS where it was looked for', async () => {
    const { url } = await on(standIn(answer));
    const secure = new URL(url.href.replace('http:', 'https:'));
    await expect(asked(secure, withTls({ ca: ours.ca }))).rejects.toThrow('it does not speak TLS');
  });

  it('says so where TLS is spoken and was not looked for', async () => {
    const { url } = await on(standIn(answer, ours.server));
    await expect(asked(new URL(url.href.replace('https:', 'http:')))).rejects.toMatchObject({
      code: 'unreachable',
      message: `The node cannot be reached: ${NO_ANSWER}`,
    });
  });
});
