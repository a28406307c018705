import { z } from 'zod';
import type { TraceRecord } from '#trace/record.ts';
import type { DeadLetter, Decoded, DecoderFactory, StreamDecoder, StreamOptions } from '../decoder.ts';
import { consoleHead, locateConsole, parseConsole } from './consoleLine.ts';
import { MAX_LINE, type Entry, type Located } from './entry.ts';
import { locateJson, looksLikeJson, parseJson } from './jsonLine.ts';
import type { LoggerRules, Rule } from './rule.ts';
import { startRecords } from './rules/startup.ts';
import { RULES } from './rules/table.ts';
import { FabricState } from './state.ts';

/**
 * The decoder of stock Go Fabric logs, 2.2 to 3.1: JSON (`FABRIC_LOGGING_FORMAT=json`) and the default console format, mixed as
 * they come (an orderer's first lines are console even when JSON is asked for).
 *
 * A line goes: find logger and message by string search → the logger's rules → parse → records. Lines that no rule wants, and
 * lines that continue another (stack traces, dumps), give nothing. A dead letter is for what has an entry's shape and is broken.
 */
export const fabricLog: DecoderFactory = {
  name: 'fabric',
  accepts: (line) => {
    if (looksLikeJson(line)) return locateJson(line) !== undefined;
    const head = consoleHead(line);
    if (head < 0) return false;
    const located = locateConsole(line, head);
    return located !== undefined && !('code' in located);
  },
  create: (options, snapshot) => new FabricLogDecoder(options, snapshot),
};

const NOTHING: Decoded = Object.freeze({ records: Object.freeze([]) });

/** A console entry whose message may go on in the next lines. */
const OpenEntry = z.object({ text: z.string(), head: z.number() });
type OpenEntry = z.infer<typeof OpenEntry>;

const Snapshot = z.object({ state: z.unknown(), open: OpenEntry.optional() });

/** Continuation lines are kept up to this many characters together: several times the largest configuration dump. */
const MAX_OPEN = 256_000;
/** How much of an over-long line is looked at to tell whether it would have been of interest. */
const PEEK = 64_000;

class FabricLogDecoder implements StreamDecoder {
  readonly #state: FabricState;
  #open: OpenEntry | undefined;

  constructor(options: StreamOptions, snapshot?: unknown) {
    const parsed = Snapshot.safeParse(snapshot);
    this.#state = new FabricState(options, parsed.success ? parsed.data.state : undefined);
    this.#open = parsed.success ? parsed.data.open : undefined;
  }

  line(raw: string): Decoded {
    // A terminal's carriage return, or blanks that a shipper left.
    const text = raw.charCodeAt(raw.length - 1) <= 32 ? raw.trimEnd() : raw;
    if (looksLikeJson(text)) {
      const before = this.#close();
      return join(before, this.#jsonLine(text));
    }
    const head = consoleHead(text);
    if (head < 0) return this.#continued(text);
    const located = locateConsole(text, head);
    if (located === undefined) return this.#continued(text);
    const before = this.#close();
    if ('code' in located) return join(before, { records: [], dead: located });
    const rule = this.#ruleOf(text, located);
    if (rule === undefined) return before;
    if (text.length > MAX_LINE) return join(before, tooLong(text));
    if (rule.multiline === true) {
      this.#open = { text, head };
      return before;
    }
    return join(before, this.#apply(rule, parseConsole(text, head, located)));
  }

  flush(): Decoded {
    const closed = this.#close();
    const started = startRecords(this.#state);
    return started.length === 0 ? closed : join(closed, { records: started });
  }

  snapshot(): unknown {
    const open = this.#open;
    return { state: this.#state.snapshot(), ...(open === undefined ? {} : { open: { ...open } }) };
  }

  #jsonLine(text: string): Decoded {
    const located = locateJson(text.length > PEEK ? text.slice(0, PEEK) : text);
    // Of whatever logger: a line that lost its end may have lost lines after it.
    if (located === undefined || text.charCodeAt(text.length - 1) !== 125) {
      if (isWhole(text)) return NOTHING;
      return { records: [], dead: { code: 'bad_json', reason: 'the line begins as an entry and does not end as one' } };
    }
    const rule = this.#ruleOf(text, located);
    if (rule === undefined) return NOTHING;
    if (text.length > MAX_LINE) return tooLong(text);
    return this.#apply(rule, parseJson(text));
  }

  /** The rule that wants this line, if any; nothing has been parsed by then. */
  #ruleOf(line: string, { logger, at }: Located): Rule | undefined {
    const rules = RULES.get(logger);
    if (rules === undefined) {
      if (this.#state.kind === undefined && logger.startsWith('orderer.')) this.#state.learnKind('orderer');
      return undefined;
    }
    if (rules.kind !== undefined && rules.kind !== this.#state.kind) this.#state.learnKind(rules.kind);
    return this.#match(rules, line, at);
  }

  #match(rules: LoggerRules, line: string, at: number): Rule | undefined {
    for (const rule of rules.rules) {
      if (
        line.startsWith(rule.starts, at) &&
        (rule.has === undefined || line.includes(rule.has, at)) &&
        (rule.wanted === undefined || rule.wanted(line, at, this.#state))
      ) {
        return rule;
      }
    }
    if (rules.raw !== undefined && line.length <= MAX_LINE && line.startsWith(rules.raw.starts, at)) {
      rules.raw.note(line, at, this.#state);
    }
    return undefined;
  }

  #apply(rule: Rule, entry: Entry | DeadLetter | undefined): Decoded {
    if (entry === undefined) return NOTHING;
    if ('code' in entry) return { records: [], dead: entry };
    const outcome = rule.apply(entry, this.#state);
    if (outcome === undefined) return NOTHING;
    if (outcome === 'unreadable') {
      return {
        records: [],
        dead: {
          code: 'bad_entry',
          reason: `${entry.logger}: a line that begins with '${rule.starts}' has another shape`,
        },
      };
    }
    const records = Array.isArray(outcome) ? (outcome as readonly TraceRecord[]) : [outcome as TraceRecord];
    if (records.length === 0) return NOTHING;
    if (this.#state.start === undefined) return { records };
    // A start that still waits for its writer's name goes before whatever the writer did next.
    const started = startRecords(this.#state);
    return { records: [...started, ...records], earlier: started.length };
  }

  #continued(text: string): Decoded {
    const open = this.#open;
    if (open !== undefined && open.text.length + text.length < MAX_OPEN) {
      this.#open = { text: `${open.text}\n${text}`, head: open.head };
    }
    return NOTHING;
  }

  /** The open entry is complete: a new one begins, or the stream pauses. */
  #close(): Decoded {
    const open = this.#open;
    if (open === undefined) return NOTHING;
    this.#open = undefined;
    const located = locateConsole(open.text, open.head);
    if (located === undefined || 'code' in located) return NOTHING;
    const rule = this.#ruleOf(open.text, located);
    if (rule === undefined) return NOTHING;
    const { records, dead } = this.#apply(rule, parseConsole(open.text, open.head, located));
    return {
      records,
      earlier: records.length,
      // The line at hand is another one: the reason says which entry is meant.
      ...(dead === undefined ? {} : { dead: { ...dead, reason: `the entry before this line: ${dead.reason}` } }),
    };
  }
}

function isWhole(text: string): boolean {
  if (text.length > MAX_LINE) return text.endsWith('}');
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function tooLong(text: string): Decoded {
  return {
    records: [],
    dead: { code: 'too_long', reason: `a line of ${text.length} characters; at most ${MAX_LINE} are parsed` },
  };
}

/** What the entry before gave, and what the line at hand gave. */
function join(first: Decoded, second: Decoded): Decoded {
  if (first.records.length === 0 && first.dead === undefined) return second;
  const dead =
    first.dead !== undefined && second.dead !== undefined
      ? { code: second.dead.code, reason: `${second.dead.reason}; ${first.dead.reason}` }
      : (first.dead ?? second.dead);
  return {
    records: [...first.records, ...second.records],
    earlier: first.records.length + (second.earlier ?? 0),
    ...(dead === undefined ? {} : { dead }),
  };
}
