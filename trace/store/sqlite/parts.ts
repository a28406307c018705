import { Blocks } from './blocks.ts';
import { Channels } from './channels.ts';
import type { Database } from './database.ts';
import { Dictionary } from './dictionary.ts';
import { Facts } from './facts.ts';
import { RecordDecoder } from './recordDecoder.ts';
import { RecordEncoder } from './recordEncoder.ts';
import { Resolution } from './resolution.ts';
import { Shapes } from './shapes.ts';
import { SummaryCodec } from './summaryCodec.ts';
import { Transactions } from './transactions.ts';
import { TxLists } from './txLists.ts';

/** What the store's operations share: one connection and the tables with their caches. */
export class Parts {
  readonly db: Database;
  readonly channels: Channels;
  readonly dictionary: Dictionary;
  readonly transactions: Transactions;
  readonly blocks: Blocks;
  readonly txLists: TxLists;
  readonly decoder: RecordDecoder;
  readonly encoder: RecordEncoder;
  readonly resolution: Resolution;
  readonly facts: Facts;
  readonly shapes: Shapes;
  readonly summaries: SummaryCodec;
  #dataVersion = -1;

  constructor(db: Database) {
    this.db = db;
    this.channels = new Channels(db);
    this.dictionary = new Dictionary(db);
    this.transactions = new Transactions(db, this.channels);
    this.blocks = new Blocks(db, this.channels);
    this.txLists = new TxLists(db, this.dictionary);
    this.decoder = new RecordDecoder(this.dictionary, this.txLists);
    this.encoder = new RecordEncoder(this.dictionary, this.txLists, this.decoder);
    this.resolution = new Resolution(db, this.transactions);
    this.facts = new Facts(db, this.channels);
    this.shapes = new Shapes(db, this.channels);
    this.summaries = new SummaryCodec(this.shapes);
  }

  /**
   * Forgets rows that another connection may have dropped, if one has written since the last call. First thing in every
   * write transaction.
   */
  sync(): void {
    const version = this.db.dataVersion();
    if (version !== this.#dataVersion) this.forgetRows();
    this.#dataVersion = version;
  }

  forgetRows(): void {
    this.transactions.forget();
    this.blocks.forget();
    this.txLists.forget();
    this.shapes.forget();
  }

  /** After a rollback: keys handed out in it are void. */
  forget(): void {
    this.forgetRows();
    this.channels.forget();
    this.dictionary.forget();
    this.decoder.forget();
    this.encoder.forget();
    this.facts.forget();
  }
}
