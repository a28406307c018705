import { Button, Input, type InputRef } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { parseQuery, QUERY_KEYS, withToken } from '../model/query.ts';

const EXAMPLES: readonly (readonly [label: string, key: string, value: string])[] = [
  ['conflicts', 'code', 'MVCC_READ_CONFLICT'],
  ['never committed', 'code', 'NONE'],
  ['slower than 2 s', 'duration', '>2s'],
  ['last hour', 'since', '1h'],
];

interface Props {
  readonly text: string;
  readonly onSearch: (text: string) => void;
}

/** One box: a transaction ID, the start of one, words, or `key:value`. A whole ID that is pasted opens its trace at once. */
export function SearchBox({ text, onSearch }: Props) {
  const [typed, setTyped] = useState(text);
  const box = useRef<InputRef>(null);
  useEffect(() => {
    // Nothing is searched yet: one came to type or to paste.
    if (text === '') box.current?.focus();
  }, [text]);
  return (
    <search>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSearch(typed);
        }}
      >
        <div className="search-box">
          <Input
            size="large"
            ref={box}
            allowClear
            value={typed}
            spellCheck={false}
            autoComplete="off"
            aria-label="Transaction ID, or words and filters"
            aria-describedby="search-help"
            placeholder="Paste a transaction ID, or search: channel:mychannel code:MVCC_READ_CONFLICT duration:>2s"
            onChange={(event) => {
              setTyped(event.target.value);
              if (event.target.value === '' && text !== '') onSearch('');
            }}
            onPaste={(event) => {
              const pasted = event.clipboardData.getData('text').trim();
              if (parseQuery(pasted).exactTxId !== null) {
                event.preventDefault();
                onSearch(pasted);
              }
            }}
          />
          <Button size="large" type="primary" htmlType="submit">
            Search
          </Button>
        </div>
        <p id="search-help" className="search-help">
          {EXAMPLES.map(([label, key, value]) => (
            <button
              type="button"
              className="linkish"
              key={label}
              onClick={() => onSearch(withToken(typed, key, value))}
            >
              {label}
            </button>
          ))}
          <span className="muted">or type {QUERY_KEYS.map((key) => `${key}:`).join(' ')}</span>
        </p>
      </form>
    </search>
  );
}
