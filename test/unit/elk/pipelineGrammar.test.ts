import { describe, expect, it } from 'vitest';
import { GrammarError, parsePipeline, pluginsIn } from './pipelineGrammar.ts';

const filter = (body: string) => parsePipeline(`filter { ${body} }`)[0]!.body[0]!;

describe("Logstash's pipeline language", () => {
  it('has sections of plugins with options of every kind', () => {
    const text = `# what comes in
input { beats { port => 5044 ssl_enabled => true } stdin {} } # two
filter {
  mutate { rename => { "a" => "b" 'c' => '[d][e]' } remove_field => [ "x", "y" ] add_field => { ff => 1.5 } }
}
output { elasticsearch { hosts => ["\${URL}"] codec => json { charset => "UTF-8" } } }`;
    expect(parsePipeline(text)).toMatchObject([
      {
        type: 'input',
        body: [
          {
            name: 'beats',
            line: 2,
            options: [
              ['port', { kind: 'number', value: 5044 }],
              ['ssl_enabled', { kind: 'bareword', text: 'true' }],
            ],
          },
          { name: 'stdin', options: [] },
        ],
      },
      {
        type: 'filter',
        body: [
          {
            name: 'mutate',
            options: [
              [
                'rename',
                {
                  kind: 'hash',
                  entries: [
                    ['a', { text: 'b' }],
                    ['c', { text: '[d][e]' }],
                  ],
                },
              ],
              ['remove_field', { kind: 'array', items: [{ text: 'x' }, { text: 'y' }] }],
              ['add_field', { entries: [['ff', { kind: 'number', value: 1.5 }]] }],
            ],
          },
        ],
      },
      {
        type: 'output',
        body: [
          {
            options: [
              ['hosts', { items: [{ text: '${URL}' }] }],
              ['codec', { kind: 'plugin', plugin: { name: 'json' } }],
            ],
          },
        ],
      },
    ]);
  });

  it('has branches with conditions', () => {
    const branch = filter(`if [a][b] == "x" and ("t" in [tags] or !([n] > 5)) { drop {} }
      else if [m] =~ /\\A\\{"a\\/b/ or [k] not in ["1", "2"] { mutate {} prune {} } else if ![z] { x {} } else { y {} }`);
    expect(branch).toMatchObject({
      kind: 'branch',
      arms: [
        {
          condition: {
            kind: 'and',
            left: { operator: '==', left: { kind: 'field', text: '[a][b]' }, right: { text: 'x' } },
            right: { kind: 'or', left: { operator: 'in' }, right: { kind: 'not', of: { operator: '>' } } },
          },
        },
        {
          condition: {
            kind: 'or',
            left: { operator: '=~', right: { kind: 'regexp', text: '\\A\\{"a\\/b' } },
            right: { operator: 'not in', right: { kind: 'array' } },
          },
        },
        { condition: { kind: 'not', of: { kind: 'value', value: { text: '[z]' } } } },
        { condition: null },
      ],
    });
    expect([...pluginsIn([branch])].map(({ name }) => name)).toEqual(['drop', 'mutate', 'prune', 'x', 'y']);
  });

  it.each([
    ['', 'input, filter or output|section'],
    ['filters { }', 'input, filter or output expected'],
    ['filter { mutate { a => 1 }', 'line 1, column 27'],
    ['filter { mutate { a = 1 } }', '=> expected'],
    ['filter { mutate { a => [1 2] } }', ', expected'],
    ['filter { mutate { a => { "b" => 1, "c" => 2 } } }', 'no comma here'],
    ['filter { mutate { a => "b"c => 1 } }', 'white space between options'],
    ['filter { mutate { a => "b } }', 'a value expected'],
    ['filter { if [a] = 1 { x {} } }', '{ expected'],
    ['filter { if [a] =~ [b] { x {} } }', 'a pattern expected'],
    ['filter { if ([a] == 1 { x {} } }', '\\) expected'],
    ['filter { if ! "a" { x {} } }', 'after !'],
    ['filter { else { x {} } } }', 'expected'],
  ])('refuses %s', (text, why) => {
    expect(() => parsePipeline(text)).toThrow(GrammarError);
    expect(() => parsePipeline(text)).toThrow(new RegExp(why));
  });
});
