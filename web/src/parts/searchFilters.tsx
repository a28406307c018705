import { DatePicker, Select } from 'antd';
import dayjs from 'dayjs';
import type { FindingCatalogue } from '../api/types.ts';
import { outcomeOf } from '../model/outcome.ts';
import { parseQuery, tokenValue, withToken } from '../model/query.ts';

const OUTCOMES = [
  'VALID',
  'MVCC_READ_CONFLICT',
  'PHANTOM_READ_CONFLICT',
  'ENDORSEMENT_POLICY_FAILURE',
  'DUPLICATE_TXID',
  'NONE',
];
const SPANS = [
  { value: '15min', label: 'last 15 minutes' },
  { value: '1h', label: 'last hour' },
  { value: '24h', label: 'last 24 hours' },
  { value: '7d', label: 'last 7 days' },
];

const absolute = (time: string | number | null) => (typeof time === 'string' ? dayjs(time) : null);
/** What is chosen is always among the choices. */
const withChosen = (values: readonly string[], chosen: string | undefined) =>
  chosen === undefined || values.includes(chosen) ? values : [...values, chosen];

interface Props {
  readonly text: string;
  readonly onChange: (text: string) => void;
  readonly channels: readonly string[];
  readonly findings: FindingCatalogue['items'];
}

/** The usual filters as lists to choose from; each only writes its token into the search text. */
export function SearchFilters({ text, onChange, channels, findings }: Props) {
  const { since, until } = parseQuery(text);
  const set = (key: string) => (value: string | undefined) => onChange(withToken(text, key, value));
  const code = tokenValue(text, 'code')?.toUpperCase();
  const span = typeof since === 'number' && until === null ? tokenValue(text, 'since') : undefined;
  const channel = tokenValue(text, 'channel');
  const finding = tokenValue(text, 'finding');
  return (
    <div className="filters">
      <Select
        aria-label="Channel"
        placeholder="any channel"
        allowClear
        value={channel ?? null}
        onChange={set('channel')}
        options={withChosen(channels, channel).map((value) => ({ value, label: value }))}
        popupMatchSelectWidth={false}
      />
      <Select
        aria-label="Outcome"
        placeholder="any outcome"
        allowClear
        value={code ?? null}
        onChange={set('code')}
        options={withChosen(OUTCOMES, code).map((value) => {
          const outcome = outcomeOf(value);
          return { value, label: `${outcome.symbol} ${outcome.label}` };
        })}
        popupMatchSelectWidth={false}
      />
      <Select
        aria-label="Finding"
        placeholder="any finding"
        allowClear
        value={finding ?? null}
        onChange={set('finding')}
        options={withChosen(
          findings.map((item) => item.code),
          finding,
        ).map((value) => ({ value, label: findings.find((item) => item.code === value)?.title ?? value }))}
        popupMatchSelectWidth={false}
      />
      <Select
        aria-label="Time"
        placeholder="any time"
        allowClear
        value={span ?? null}
        onChange={(value: string | undefined) => onChange(withToken(withToken(text, 'until', null), 'since', value))}
        options={
          span === undefined || SPANS.some((one) => one.value === span)
            ? SPANS
            : [...SPANS, { value: span, label: `last ${span}` }]
        }
        popupMatchSelectWidth={false}
      />
      <DatePicker.RangePicker
        aria-label="Time from and to"
        showTime
        allowEmpty={[true, true]}
        placeholder={['from', 'to']}
        value={[absolute(since), absolute(until)]}
        onChange={(range) => {
          const [from, to] = range ?? [null, null];
          onChange(withToken(withToken(text, 'since', from?.toISOString()), 'until', to?.toISOString()));
        }}
      />
    </div>
  );
}
