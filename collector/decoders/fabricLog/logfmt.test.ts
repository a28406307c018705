import { assert, dictionary, property, string, stringMatching } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldsOf } from './logfmt.ts';

const fields = (message: string) => Object.fromEntries(fieldsOf(message));

/** As zap's logfmt encoder writes a value. */
const quote = (value: string) => (/[\s="]/.test(value) ? JSON.stringify(value) : JSON.stringify(value).slice(1, -1));

describe('fields of a console line', () => {
  it('reads plain, empty and quoted values', () => {
    expect(fields('finished chaincode: basic duration: 15ms channel=mychannel txID=e353a131')).toEqual({
      channel: 'mychannel',
      txID: 'e353a131',
    });
    expect(fields('creator is valid channel= txID=59a1f0fd')).toEqual({ channel: '', txID: '59a1f0fd' });
    expect(fields('failed error="chaincode response 500, \\"x\\" = 1\\n" n=1')).toEqual({
      error: 'chaincode response 500, "x" = 1\n',
      n: '1',
    });
  });

  it('does not take a message for fields', () => {
    expect(fields('value a=b is odd channel=c')).toEqual({ channel: 'c' });
    expect(fields('no fields here')).toEqual({});
    expect(fields('x = y')).toEqual({});
    expect(fields('open quote a="b')).toEqual({});
  });

  it("lets the encoder's own field stand over one in the message", () => {
    expect(fields('chaincode says txID=forged channel=mychannel txID=real')).toMatchObject({ txID: 'real' });
  });

  it('reads back whatever the encoder wrote', () => {
    const key = stringMatching(/^[A-Za-z_.-]{1,12}$/).filter((name) => name !== '__proto__');
    assert(
      property(dictionary(key, string({ maxLength: 40 }), { minKeys: 1, noNullPrototype: true }), (object) => {
        const tail = Object.entries(object)
          .map(([name, value]) => `${name}=${quote(value)}`)
          .join(' ');
        expect(fields(`Some message -> with: [things] ${tail}`)).toEqual(object);
      }),
    );
  });

  it('takes bounded time for hostile text', () => {
    expect(fields(`${'a=b '.repeat(200_000)}"`)).toEqual({});
  });
});
